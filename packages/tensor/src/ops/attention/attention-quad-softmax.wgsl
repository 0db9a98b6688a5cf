// Softmax of rows of scores in place, without the division by their sums, which the product with the values makes. A lane walks a row.

const WG: u32 = 16u;

struct Params {
  rows: u32, // matrices * m
  m: u32, // rows of a matrix
  each: u32, row: u32, // between matrices and rows, in vec4
  nk: u32, // keys
  lseStart: u32, lseEach: u32,
}

@group(0) @binding(0) var<storage, read_write> s: array<vec4f>; // scores [matrices, m, row]
@group(0) @binding(1) var<storage, read_write> sums: array<f32>; // [matrices, m]
@group(0) @binding(2) var<storage, read_write> lse: array<f32>; // log-sum-exp [matrices, m], from lseStart on
@group(0) @binding(3) var<uniform> p: Params;

// Four scores, -1e30 where there is no key.
fn scores(at: u32, j: u32) -> vec4f {
  let key = vec4u(j * 4u, j * 4u + 1u, j * 4u + 2u, j * 4u + 3u);
  return select(s[at + j], vec4f(-1e30), key >= vec4u(p.nk));
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= p.rows) { return; }
  let at = i / p.m * p.each + i % p.m * p.row;
  var tops = vec4f(-1e30);
  for (var j = 0u; j < p.row; j++) { tops = max(tops, scores(at, j)); }
  let top = max(max(tops.x, tops.y), max(tops.z, tops.w));
  var sum = vec4f();
  for (var j = 0u; j < p.row; j++) {
    let e = exp(scores(at, j) - top);
    s[at + j] = e;
    sum += e;
  }
  let all = dot(sum, vec4f(1.0));
  sums[i] = all;
  lse[p.lseStart + i / p.m * p.lseEach + i % p.m] = top + log(all);
}
