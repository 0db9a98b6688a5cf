// The gradient of the bias factors from the gradients of the scores: sums over kw for every kh, and over kh for every kw.

const WG: u32 = 64u;
const WHOLE: bool = false; // lines of the grid are whole vec4: sums along one read these, where neighbouring lanes read lines apart

struct Params {
  count: u32, // entries: matrices * m * biasRow
  m: u32, // rows of a matrix
  each: u32, row: u32, // between matrices and rows of ds
  h: u32, w: u32,
  hp: u32, biasRow: u32, // where the kw part of a row starts; its length
  start: u32, startEach: u32, // of dbias: the first row, and between matrices
}

@group(0) @binding(0) var<storage, read> ds: array<f32>; // [matrices, m, row]
@group(0) @binding(1) var<storage, read> ds4: array<vec4f>; // the same
@group(0) @binding(2) var<storage, read_write> dbias: array<f32>; // [B * A, N, biasRow]
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= p.count) { return; }
  let j = i % p.biasRow;
  let r = i / p.biasRow % p.m;
  let matrix = i / p.biasRow / p.m;
  let at = matrix * p.each + r * p.row;
  var sum = 0f;
  if (j < p.h && WHOLE) {
    var four = vec4f();
    for (var k = 0u; k < p.w / 4u; k++) { four += ds4[(at + j * p.w) / 4u + k]; }
    sum = dot(four, vec4f(1.0));
  } else if (j < p.h) {
    for (var k = 0u; k < p.w; k++) { sum += ds[at + j * p.w + k]; }
  } else if (j >= p.hp && j < p.hp + p.w) {
    for (var k = 0u; k < p.h; k++) { sum += ds[at + k * p.w + j - p.hp]; }
  }
  dbias[(p.start + matrix * p.startEach + r) * p.biasRow + j] = sum;
}
