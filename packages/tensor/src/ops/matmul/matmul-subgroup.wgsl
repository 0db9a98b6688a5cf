enable subgroups;
// c = a . b (+ bias) for adapters whose subgroups have one fixed size S (lavapipe 8, SwiftShader 4), where loads and spills bound
// the speed. A subgroup owns ROWS rows x 4 S columns; on SwiftShader 12 rows spill less than 16 and load more, which is faster. Per four steps of k each lane fetches a vec4 along k of another row of a, and
// every row is broadcast to all lanes from the lane that holds it; the four rows of b are read once per subgroup, side by side.
// Each accumulator takes its four products in a row, so that it is loaded and stored once per four steps where registers are few.
// b lies in panels of S vec4 (bTile, bStep): a panel streams, where rows of a wide matrix would fall on the same cache sets.

const S: u32 = 8u; // lanes of a subgroup
const ROWS: u32 = select(12u, 16u, S == 8u);
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
  // where this lane's rows of a start: two with eight lanes, three with four
  let a0 = base + min(row + lane, last) * p.kp;
  let a1 = base + min(row + S + lane, last) * p.kp;
  let a2 = base + min(row + 2u * S + lane, last) * p.kp;
  var bi = batch * p.strideB + group.x * p.bTile + min(col, p.nv - 1u) - group.x * S;
  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  var c4 = vec4f(); var c5 = vec4f(); var c6 = vec4f(); var c7 = vec4f();
  var c8 = vec4f(); var c9 = vec4f(); var c10 = vec4f(); var c11 = vec4f();
  var c12 = vec4f(); var c13 = vec4f(); var c14 = vec4f(); var c15 = vec4f();
  let step = select(p.bStep, S, PANELS); // a constant where it can be: offsets fold into the loads
  for (var k = 0u; k < p.kp; k++) {
    // q0 holds rows 0 to 3, q1 rows 4 to 7, and so on; with eight lanes two of them share a register
    let q0 = a[a0 + k];
    let r1 = a[a1 + k];
    var q1 = q0;
    var q2 = r1;
    if (S == 4u) { q1 = r1; q2 = a[a2 + k]; }
    let b0 = b[bi];
    let b1 = b[bi + step];
    let b2 = b[bi + 2u * step];
    let b3 = b[bi + 3u * step];
    c0 = fma(vec4f(subgroupBroadcast(q0.x, 0u % S)), b0, c0); c0 = fma(vec4f(subgroupBroadcast(q0.y, 0u % S)), b1, c0);
    c0 = fma(vec4f(subgroupBroadcast(q0.z, 0u % S)), b2, c0); c0 = fma(vec4f(subgroupBroadcast(q0.w, 0u % S)), b3, c0);
    c1 = fma(vec4f(subgroupBroadcast(q0.x, 1u % S)), b0, c1); c1 = fma(vec4f(subgroupBroadcast(q0.y, 1u % S)), b1, c1);
    c1 = fma(vec4f(subgroupBroadcast(q0.z, 1u % S)), b2, c1); c1 = fma(vec4f(subgroupBroadcast(q0.w, 1u % S)), b3, c1);
    c2 = fma(vec4f(subgroupBroadcast(q0.x, 2u % S)), b0, c2); c2 = fma(vec4f(subgroupBroadcast(q0.y, 2u % S)), b1, c2);
    c2 = fma(vec4f(subgroupBroadcast(q0.z, 2u % S)), b2, c2); c2 = fma(vec4f(subgroupBroadcast(q0.w, 2u % S)), b3, c2);
    c3 = fma(vec4f(subgroupBroadcast(q0.x, 3u % S)), b0, c3); c3 = fma(vec4f(subgroupBroadcast(q0.y, 3u % S)), b1, c3);
    c3 = fma(vec4f(subgroupBroadcast(q0.z, 3u % S)), b2, c3); c3 = fma(vec4f(subgroupBroadcast(q0.w, 3u % S)), b3, c3);
    c4 = fma(vec4f(subgroupBroadcast(q1.x, 4u % S)), b0, c4); c4 = fma(vec4f(subgroupBroadcast(q1.y, 4u % S)), b1, c4);
    c4 = fma(vec4f(subgroupBroadcast(q1.z, 4u % S)), b2, c4); c4 = fma(vec4f(subgroupBroadcast(q1.w, 4u % S)), b3, c4);
    c5 = fma(vec4f(subgroupBroadcast(q1.x, 5u % S)), b0, c5); c5 = fma(vec4f(subgroupBroadcast(q1.y, 5u % S)), b1, c5);
    c5 = fma(vec4f(subgroupBroadcast(q1.z, 5u % S)), b2, c5); c5 = fma(vec4f(subgroupBroadcast(q1.w, 5u % S)), b3, c5);
    c6 = fma(vec4f(subgroupBroadcast(q1.x, 6u % S)), b0, c6); c6 = fma(vec4f(subgroupBroadcast(q1.y, 6u % S)), b1, c6);
    c6 = fma(vec4f(subgroupBroadcast(q1.z, 6u % S)), b2, c6); c6 = fma(vec4f(subgroupBroadcast(q1.w, 6u % S)), b3, c6);
    c7 = fma(vec4f(subgroupBroadcast(q1.x, 7u % S)), b0, c7); c7 = fma(vec4f(subgroupBroadcast(q1.y, 7u % S)), b1, c7);
    c7 = fma(vec4f(subgroupBroadcast(q1.z, 7u % S)), b2, c7); c7 = fma(vec4f(subgroupBroadcast(q1.w, 7u % S)), b3, c7);
    c8 = fma(vec4f(subgroupBroadcast(q2.x, 8u % S)), b0, c8); c8 = fma(vec4f(subgroupBroadcast(q2.y, 8u % S)), b1, c8);
    c8 = fma(vec4f(subgroupBroadcast(q2.z, 8u % S)), b2, c8); c8 = fma(vec4f(subgroupBroadcast(q2.w, 8u % S)), b3, c8);
    c9 = fma(vec4f(subgroupBroadcast(q2.x, 9u % S)), b0, c9); c9 = fma(vec4f(subgroupBroadcast(q2.y, 9u % S)), b1, c9);
    c9 = fma(vec4f(subgroupBroadcast(q2.z, 9u % S)), b2, c9); c9 = fma(vec4f(subgroupBroadcast(q2.w, 9u % S)), b3, c9);
    c10 = fma(vec4f(subgroupBroadcast(q2.x, 10u % S)), b0, c10); c10 = fma(vec4f(subgroupBroadcast(q2.y, 10u % S)), b1, c10);
    c10 = fma(vec4f(subgroupBroadcast(q2.z, 10u % S)), b2, c10); c10 = fma(vec4f(subgroupBroadcast(q2.w, 10u % S)), b3, c10);
    c11 = fma(vec4f(subgroupBroadcast(q2.x, 11u % S)), b0, c11); c11 = fma(vec4f(subgroupBroadcast(q2.y, 11u % S)), b1, c11);
    c11 = fma(vec4f(subgroupBroadcast(q2.z, 11u % S)), b2, c11); c11 = fma(vec4f(subgroupBroadcast(q2.w, 11u % S)), b3, c11);
    if (ROWS > 12u) {
      c12 = fma(vec4f(subgroupBroadcast(r1.x, 12u % S)), b0, c12); c12 = fma(vec4f(subgroupBroadcast(r1.y, 12u % S)), b1, c12);
      c12 = fma(vec4f(subgroupBroadcast(r1.z, 12u % S)), b2, c12); c12 = fma(vec4f(subgroupBroadcast(r1.w, 12u % S)), b3, c12);
      c13 = fma(vec4f(subgroupBroadcast(r1.x, 13u % S)), b0, c13); c13 = fma(vec4f(subgroupBroadcast(r1.y, 13u % S)), b1, c13);
      c13 = fma(vec4f(subgroupBroadcast(r1.z, 13u % S)), b2, c13); c13 = fma(vec4f(subgroupBroadcast(r1.w, 13u % S)), b3, c13);
      c14 = fma(vec4f(subgroupBroadcast(r1.x, 14u % S)), b0, c14); c14 = fma(vec4f(subgroupBroadcast(r1.y, 14u % S)), b1, c14);
      c14 = fma(vec4f(subgroupBroadcast(r1.z, 14u % S)), b2, c14); c14 = fma(vec4f(subgroupBroadcast(r1.w, 14u % S)), b3, c14);
      c15 = fma(vec4f(subgroupBroadcast(r1.x, 15u % S)), b0, c15); c15 = fma(vec4f(subgroupBroadcast(r1.y, 15u % S)), b1, c15);
      c15 = fma(vec4f(subgroupBroadcast(r1.z, 15u % S)), b2, c15); c15 = fma(vec4f(subgroupBroadcast(r1.w, 15u % S)), b3, c15);
    }
    bi += 4u * step;
  }
  if (at >= p.tiles || col * 4u >= p.n) { return; }
  let out = batch * p.m * p.n;
  // One loop over a copy keeps the code small: so many inlined epilogues take seconds to compile.
  var rows = array<vec4f, 16>(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15);
  for (var i = 0u; i < ROWS; i++) { put(row + i, col * 4u, out, rows[i]); }
}
