// c = a . b (+ bias) for adapters without fixed-size subgroups. A lane owns 8 rows x 4 columns in registers and reads a and b
// straight from storage; no workgroup memory. Per step of k: 8 scalar loads of a (shared by the lanes of a row), one vec4 of b.

alias ElemA = f32;

struct Params {
  m: u32, n: u32, k: u32,
  kp: u32, // row length of a
  nv: u32, // row length of b in vec4
  strideA: u32, // between matrices of a, in elements; 0 when shared
  strideB: u32, // between matrices of b, in vec4
  tilesM: u32,
  tiles: u32, // batch * tilesM
  alpha: f32,
  bias: u32, // 0 none, 1 a value per column, 2 a value per row
  act: u32, // 0 none, 1 relu, 2 gelu
}

@group(0) @binding(0) var<storage, read> a: array<ElemA>; // [batch, m, kp]
@group(0) @binding(1) var<storage, read> b: array<vec4f>; // [batch, k, nv * 4]
@group(0) @binding(2) var<storage, read> bias: array<f32>; // [n], or [m] if p.bias is 2
@group(0) @binding(3) var<storage, read_write> c: array<f32>; // [batch, m, n]
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let tile = group.z * groups.y + group.y;
  if (tile >= p.tiles) { return; }
  let batch = tile / p.tilesM;
  let row = (tile % p.tilesM) * 64u + lane.y * 8u;
  let col = group.x * 8u + lane.x; // in vec4
  let last = p.m - 1u;
  let base = batch * p.strideA;
  let r0 = base + min(row, last) * p.kp;
  let r1 = base + min(row + 1u, last) * p.kp;
  let r2 = base + min(row + 2u, last) * p.kp;
  let r3 = base + min(row + 3u, last) * p.kp;
  let r4 = base + min(row + 4u, last) * p.kp;
  let r5 = base + min(row + 5u, last) * p.kp;
  let r6 = base + min(row + 6u, last) * p.kp;
  let r7 = base + min(row + 7u, last) * p.kp;
  var bi = batch * p.strideB + min(col, p.nv - 1u);
  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  var c4 = vec4f(); var c5 = vec4f(); var c6 = vec4f(); var c7 = vec4f();
  for (var k = 0u; k < p.k; k++) {
    let v = b[bi];
    bi += p.nv;
    c0 = fma(vec4f(f32(a[r0 + k])), v, c0);
    c1 = fma(vec4f(f32(a[r1 + k])), v, c1);
    c2 = fma(vec4f(f32(a[r2 + k])), v, c2);
    c3 = fma(vec4f(f32(a[r3 + k])), v, c3);
    c4 = fma(vec4f(f32(a[r4 + k])), v, c4);
    c5 = fma(vec4f(f32(a[r5 + k])), v, c5);
    c6 = fma(vec4f(f32(a[r6 + k])), v, c6);
    c7 = fma(vec4f(f32(a[r7 + k])), v, c7);
  }
  if (col * 4u >= p.n) { return; }
  let out = batch * p.m * p.n;
  var rows = array<vec4f, 8>(c0, c1, c2, c3, c4, c5, c6, c7);
  for (var i = 0u; i < 8u; i++) { put(row + i, col * 4u, out, rows[i]); }
}
