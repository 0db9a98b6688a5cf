enable subgroups;
// c = a . b (+ bias) for adapters whose subgroups have eight lanes (lavapipe), where loads and spills bound the speed. A subgroup owns 16
// rows x 32 columns. Per four steps of k each lane fetches a vec4 along k of two rows of a, and every row is broadcast to all lanes
// from the lane that holds it; the four rows of b are read once per subgroup, side by side.
// Each accumulator takes its four products in a row, so that it is loaded and stored once per four steps where registers are few.
// b lies in panels of S vec4 (bTile, bStep): a panel streams, where rows of a wide matrix would fall on the same cache sets.

const S: u32 = 8u; // lanes of a subgroup
const ROWS: u32 = 16u;
const PANELS: bool = true; // b lies in panels of S vec4; else in plain rows

struct Params {
  m: u32, n: u32, k: u32,
  kp: u32, // row length of a in vec4
  nv: u32, // columns of b in vec4, padding included
  strideA: u32, // between matrices of a, in vec4; 0 when shared
  strideB: u32, // between matrices of b, in vec4
  bTile: u32, // between panels of b, in vec4
  bStep: u32, // between rows of a panel, in vec4
  tilesM: u32,
  tiles: u32, // batch * tilesM
  alpha: f32,
  bias: u32, // 0 none, 1 a value per column, 2 a value per row
  act: u32, // 0 none, 1 relu, 2 gelu
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>; // [batch, m, kp * 4]
@group(0) @binding(1) var<storage, read> b: array<vec4f>; // [batch, kp * 4, nv * 4], in panels
@group(0) @binding(2) var<storage, read> bias: array<f32>; // [n], or [m] if p.bias is 2
@group(0) @binding(3) var<storage, read_write> c: array<f32>; // [batch, m, n]
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  // No early return: after one, every load and sum would run under a mask. A workgroup past the end repeats the last tile, unwritten.
  let at = group.z * groups.y + group.y;
  let tile = min(at, p.tiles - 1u);
  let batch = tile / p.tilesM;
  let row = (tile % p.tilesM) * ROWS;
  let col = group.x * S + lane; // in vec4
  let last = p.m - 1u;
  let base = batch * p.strideA;
  // where this lane's rows of a start
  let a0 = base + min(row + lane, last) * p.kp;
  let a1 = base + min(row + S + lane, last) * p.kp;
  var bi = batch * p.strideB + group.x * p.bTile + min(col, p.nv - 1u) - group.x * S;
  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  var c4 = vec4f(); var c5 = vec4f(); var c6 = vec4f(); var c7 = vec4f();
  var c8 = vec4f(); var c9 = vec4f(); var c10 = vec4f(); var c11 = vec4f();
  var c12 = vec4f(); var c13 = vec4f(); var c14 = vec4f(); var c15 = vec4f();
  let step = select(p.bStep, S, PANELS); // a constant where it can be: offsets fold into the loads
  for (var k = 0u; k < p.kp; k++) {
    let q0 = a[a0 + k]; // rows 0 to 7
    let q1 = a[a1 + k]; // rows 8 to 15
    let b0 = b[bi];
    let b1 = b[bi + step];
    let b2 = b[bi + 2u * step];
    let b3 = b[bi + 3u * step];
    c0 = fma(vec4f(subgroupBroadcast(q0.x, 0u)), b0, c0); c0 = fma(vec4f(subgroupBroadcast(q0.y, 0u)), b1, c0);
    c0 = fma(vec4f(subgroupBroadcast(q0.z, 0u)), b2, c0); c0 = fma(vec4f(subgroupBroadcast(q0.w, 0u)), b3, c0);
    c1 = fma(vec4f(subgroupBroadcast(q0.x, 1u)), b0, c1); c1 = fma(vec4f(subgroupBroadcast(q0.y, 1u)), b1, c1);
    c1 = fma(vec4f(subgroupBroadcast(q0.z, 1u)), b2, c1); c1 = fma(vec4f(subgroupBroadcast(q0.w, 1u)), b3, c1);
    c2 = fma(vec4f(subgroupBroadcast(q0.x, 2u)), b0, c2); c2 = fma(vec4f(subgroupBroadcast(q0.y, 2u)), b1, c2);
    c2 = fma(vec4f(subgroupBroadcast(q0.z, 2u)), b2, c2); c2 = fma(vec4f(subgroupBroadcast(q0.w, 2u)), b3, c2);
    c3 = fma(vec4f(subgroupBroadcast(q0.x, 3u)), b0, c3); c3 = fma(vec4f(subgroupBroadcast(q0.y, 3u)), b1, c3);
    c3 = fma(vec4f(subgroupBroadcast(q0.z, 3u)), b2, c3); c3 = fma(vec4f(subgroupBroadcast(q0.w, 3u)), b3, c3);
    c4 = fma(vec4f(subgroupBroadcast(q0.x, 4u)), b0, c4); c4 = fma(vec4f(subgroupBroadcast(q0.y, 4u)), b1, c4);
    c4 = fma(vec4f(subgroupBroadcast(q0.z, 4u)), b2, c4); c4 = fma(vec4f(subgroupBroadcast(q0.w, 4u)), b3, c4);
    c5 = fma(vec4f(subgroupBroadcast(q0.x, 5u)), b0, c5); c5 = fma(vec4f(subgroupBroadcast(q0.y, 5u)), b1, c5);
    c5 = fma(vec4f(subgroupBroadcast(q0.z, 5u)), b2, c5); c5 = fma(vec4f(subgroupBroadcast(q0.w, 5u)), b3, c5);
    c6 = fma(vec4f(subgroupBroadcast(q0.x, 6u)), b0, c6); c6 = fma(vec4f(subgroupBroadcast(q0.y, 6u)), b1, c6);
    c6 = fma(vec4f(subgroupBroadcast(q0.z, 6u)), b2, c6); c6 = fma(vec4f(subgroupBroadcast(q0.w, 6u)), b3, c6);
    c7 = fma(vec4f(subgroupBroadcast(q0.x, 7u)), b0, c7); c7 = fma(vec4f(subgroupBroadcast(q0.y, 7u)), b1, c7);
    c7 = fma(vec4f(subgroupBroadcast(q0.z, 7u)), b2, c7); c7 = fma(vec4f(subgroupBroadcast(q0.w, 7u)), b3, c7);
    c8 = fma(vec4f(subgroupBroadcast(q1.x, 0u)), b0, c8); c8 = fma(vec4f(subgroupBroadcast(q1.y, 0u)), b1, c8);
    c8 = fma(vec4f(subgroupBroadcast(q1.z, 0u)), b2, c8); c8 = fma(vec4f(subgroupBroadcast(q1.w, 0u)), b3, c8);
    c9 = fma(vec4f(subgroupBroadcast(q1.x, 1u)), b0, c9); c9 = fma(vec4f(subgroupBroadcast(q1.y, 1u)), b1, c9);
    c9 = fma(vec4f(subgroupBroadcast(q1.z, 1u)), b2, c9); c9 = fma(vec4f(subgroupBroadcast(q1.w, 1u)), b3, c9);
    c10 = fma(vec4f(subgroupBroadcast(q1.x, 2u)), b0, c10); c10 = fma(vec4f(subgroupBroadcast(q1.y, 2u)), b1, c10);
    c10 = fma(vec4f(subgroupBroadcast(q1.z, 2u)), b2, c10); c10 = fma(vec4f(subgroupBroadcast(q1.w, 2u)), b3, c10);
    c11 = fma(vec4f(subgroupBroadcast(q1.x, 3u)), b0, c11); c11 = fma(vec4f(subgroupBroadcast(q1.y, 3u)), b1, c11);
    c11 = fma(vec4f(subgroupBroadcast(q1.z, 3u)), b2, c11); c11 = fma(vec4f(subgroupBroadcast(q1.w, 3u)), b3, c11);
    c12 = fma(vec4f(subgroupBroadcast(q1.x, 4u)), b0, c12); c12 = fma(vec4f(subgroupBroadcast(q1.y, 4u)), b1, c12);
    c12 = fma(vec4f(subgroupBroadcast(q1.z, 4u)), b2, c12); c12 = fma(vec4f(subgroupBroadcast(q1.w, 4u)), b3, c12);
    c13 = fma(vec4f(subgroupBroadcast(q1.x, 5u)), b0, c13); c13 = fma(vec4f(subgroupBroadcast(q1.y, 5u)), b1, c13);
    c13 = fma(vec4f(subgroupBroadcast(q1.z, 5u)), b2, c13); c13 = fma(vec4f(subgroupBroadcast(q1.w, 5u)), b3, c13);
    c14 = fma(vec4f(subgroupBroadcast(q1.x, 6u)), b0, c14); c14 = fma(vec4f(subgroupBroadcast(q1.y, 6u)), b1, c14);
    c14 = fma(vec4f(subgroupBroadcast(q1.z, 6u)), b2, c14); c14 = fma(vec4f(subgroupBroadcast(q1.w, 6u)), b3, c14);
    c15 = fma(vec4f(subgroupBroadcast(q1.x, 7u)), b0, c15); c15 = fma(vec4f(subgroupBroadcast(q1.y, 7u)), b1, c15);
    c15 = fma(vec4f(subgroupBroadcast(q1.z, 7u)), b2, c15); c15 = fma(vec4f(subgroupBroadcast(q1.w, 7u)), b3, c15);
    bi += 4u * step;
  }
  if (at >= p.tiles || col * 4u >= p.n) { return; }
  let out = batch * p.m * p.n;
  // One loop over a copy keeps the code small: so many inlined epilogues take seconds to compile.
  var rows = array<vec4f, 16>(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15);
  for (var i = 0u; i < ROWS; i++) { put(row + i, col * 4u, out, rows[i]); }
}
