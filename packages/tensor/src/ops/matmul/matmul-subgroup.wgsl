enable subgroups;
// c = a . b (+ bias) for adapters whose subgroups have one fixed size S (lavapipe 8, SwiftShader 4), where loads bound the speed.
// A subgroup owns 16 rows x 4 S columns. Per four steps of k each lane fetches a vec4 along k of another row of a, and every
// row is broadcast to all lanes from the lane that holds it; b is read once per subgroup, side by side.

const S: u32 = 8u; // lanes of a subgroup
const ACT: u32 = 0u; // 0 none, 1 relu, 2 gelu
const BIAS: u32 = 0u; // 0 none, 1 a value per column, 2 a value per row

struct Params {
  m: u32, n: u32, k: u32,
  kp: u32, // row length of a in vec4
  nv: u32, // row length of b in vec4
  strideA: u32, // between matrices of a, in vec4; 0 when shared
  strideB: u32, // between matrices of b, in vec4
  tilesM: u32,
  tiles: u32, // batch * tilesM
  alpha: f32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>; // [batch, m, kp * 4]
@group(0) @binding(1) var<storage, read> b: array<vec4f>; // [batch, kp * 4, nv * 4]
@group(0) @binding(2) var<storage, read> bias: array<f32>; // [n], or [m] if BIAS is 2
@group(0) @binding(3) var<storage, read_write> c: array<f32>; // [batch, m, n]
@group(0) @binding(4) var<uniform> p: Params;

fn put(row: u32, col: u32, base: u32, value: vec4f) {
  if (row >= p.m) { return; }
  let v = value * p.alpha;
  for (var j = 0u; j < 4u; j++) {
    if (col + j < p.n) {
      var s = v[j];
      if (BIAS == 1u) { s += bias[col + j]; }
      if (BIAS == 2u) { s += bias[row]; }
      c[base + row * p.n + col + j] = activate(s, ACT);
    }
  }
}

@compute @workgroup_size(S)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let tile = group.z * groups.y + group.y;
  if (tile >= p.tiles) { return; }
  let batch = tile / p.tilesM;
  let row = (tile % p.tilesM) * 16u;
  let col = group.x * S + lane; // in vec4
  var start: array<u32, 16u / S>; // where this lane's rows of a start
  for (var i = 0u; i < 16u / S; i++) { start[i] = batch * p.strideA + min(row + i * S + lane, p.m - 1u) * p.kp; }
  var bi = batch * p.strideB + min(col, p.nv - 1u);
  var r: array<vec4f, 16u / S>;
  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  var c4 = vec4f(); var c5 = vec4f(); var c6 = vec4f(); var c7 = vec4f();
  var c8 = vec4f(); var c9 = vec4f(); var c10 = vec4f(); var c11 = vec4f();
  var c12 = vec4f(); var c13 = vec4f(); var c14 = vec4f(); var c15 = vec4f();
  for (var k = 0u; k < p.kp; k++) {
    for (var i = 0u; i < 16u / S; i++) { r[i] = a[start[i] + k]; }
    {
      let v = b[bi + 0u * p.nv];
      c0 = fma(vec4f(subgroupBroadcast(r[0u / S].x, 0u % S)), v, c0);
      c1 = fma(vec4f(subgroupBroadcast(r[1u / S].x, 1u % S)), v, c1);
      c2 = fma(vec4f(subgroupBroadcast(r[2u / S].x, 2u % S)), v, c2);
      c3 = fma(vec4f(subgroupBroadcast(r[3u / S].x, 3u % S)), v, c3);
      c4 = fma(vec4f(subgroupBroadcast(r[4u / S].x, 4u % S)), v, c4);
      c5 = fma(vec4f(subgroupBroadcast(r[5u / S].x, 5u % S)), v, c5);
      c6 = fma(vec4f(subgroupBroadcast(r[6u / S].x, 6u % S)), v, c6);
      c7 = fma(vec4f(subgroupBroadcast(r[7u / S].x, 7u % S)), v, c7);
      c8 = fma(vec4f(subgroupBroadcast(r[8u / S].x, 8u % S)), v, c8);
      c9 = fma(vec4f(subgroupBroadcast(r[9u / S].x, 9u % S)), v, c9);
      c10 = fma(vec4f(subgroupBroadcast(r[10u / S].x, 10u % S)), v, c10);
      c11 = fma(vec4f(subgroupBroadcast(r[11u / S].x, 11u % S)), v, c11);
      c12 = fma(vec4f(subgroupBroadcast(r[12u / S].x, 12u % S)), v, c12);
      c13 = fma(vec4f(subgroupBroadcast(r[13u / S].x, 13u % S)), v, c13);
      c14 = fma(vec4f(subgroupBroadcast(r[14u / S].x, 14u % S)), v, c14);
      c15 = fma(vec4f(subgroupBroadcast(r[15u / S].x, 15u % S)), v, c15);
    }
    {
      let v = b[bi + 1u * p.nv];
      c0 = fma(vec4f(subgroupBroadcast(r[0u / S].y, 0u % S)), v, c0);
      c1 = fma(vec4f(subgroupBroadcast(r[1u / S].y, 1u % S)), v, c1);
      c2 = fma(vec4f(subgroupBroadcast(r[2u / S].y, 2u % S)), v, c2);
      c3 = fma(vec4f(subgroupBroadcast(r[3u / S].y, 3u % S)), v, c3);
      c4 = fma(vec4f(subgroupBroadcast(r[4u / S].y, 4u % S)), v, c4);
      c5 = fma(vec4f(subgroupBroadcast(r[5u / S].y, 5u % S)), v, c5);
      c6 = fma(vec4f(subgroupBroadcast(r[6u / S].y, 6u % S)), v, c6);
      c7 = fma(vec4f(subgroupBroadcast(r[7u / S].y, 7u % S)), v, c7);
      c8 = fma(vec4f(subgroupBroadcast(r[8u / S].y, 8u % S)), v, c8);
      c9 = fma(vec4f(subgroupBroadcast(r[9u / S].y, 9u % S)), v, c9);
      c10 = fma(vec4f(subgroupBroadcast(r[10u / S].y, 10u % S)), v, c10);
      c11 = fma(vec4f(subgroupBroadcast(r[11u / S].y, 11u % S)), v, c11);
      c12 = fma(vec4f(subgroupBroadcast(r[12u / S].y, 12u % S)), v, c12);
      c13 = fma(vec4f(subgroupBroadcast(r[13u / S].y, 13u % S)), v, c13);
      c14 = fma(vec4f(subgroupBroadcast(r[14u / S].y, 14u % S)), v, c14);
      c15 = fma(vec4f(subgroupBroadcast(r[15u / S].y, 15u % S)), v, c15);
    }
    {
      let v = b[bi + 2u * p.nv];
      c0 = fma(vec4f(subgroupBroadcast(r[0u / S].z, 0u % S)), v, c0);
      c1 = fma(vec4f(subgroupBroadcast(r[1u / S].z, 1u % S)), v, c1);
      c2 = fma(vec4f(subgroupBroadcast(r[2u / S].z, 2u % S)), v, c2);
      c3 = fma(vec4f(subgroupBroadcast(r[3u / S].z, 3u % S)), v, c3);
      c4 = fma(vec4f(subgroupBroadcast(r[4u / S].z, 4u % S)), v, c4);
      c5 = fma(vec4f(subgroupBroadcast(r[5u / S].z, 5u % S)), v, c5);
      c6 = fma(vec4f(subgroupBroadcast(r[6u / S].z, 6u % S)), v, c6);
      c7 = fma(vec4f(subgroupBroadcast(r[7u / S].z, 7u % S)), v, c7);
      c8 = fma(vec4f(subgroupBroadcast(r[8u / S].z, 8u % S)), v, c8);
      c9 = fma(vec4f(subgroupBroadcast(r[9u / S].z, 9u % S)), v, c9);
      c10 = fma(vec4f(subgroupBroadcast(r[10u / S].z, 10u % S)), v, c10);
      c11 = fma(vec4f(subgroupBroadcast(r[11u / S].z, 11u % S)), v, c11);
      c12 = fma(vec4f(subgroupBroadcast(r[12u / S].z, 12u % S)), v, c12);
      c13 = fma(vec4f(subgroupBroadcast(r[13u / S].z, 13u % S)), v, c13);
      c14 = fma(vec4f(subgroupBroadcast(r[14u / S].z, 14u % S)), v, c14);
      c15 = fma(vec4f(subgroupBroadcast(r[15u / S].z, 15u % S)), v, c15);
    }
    {
      let v = b[bi + 3u * p.nv];
      c0 = fma(vec4f(subgroupBroadcast(r[0u / S].w, 0u % S)), v, c0);
      c1 = fma(vec4f(subgroupBroadcast(r[1u / S].w, 1u % S)), v, c1);
      c2 = fma(vec4f(subgroupBroadcast(r[2u / S].w, 2u % S)), v, c2);
      c3 = fma(vec4f(subgroupBroadcast(r[3u / S].w, 3u % S)), v, c3);
      c4 = fma(vec4f(subgroupBroadcast(r[4u / S].w, 4u % S)), v, c4);
      c5 = fma(vec4f(subgroupBroadcast(r[5u / S].w, 5u % S)), v, c5);
      c6 = fma(vec4f(subgroupBroadcast(r[6u / S].w, 6u % S)), v, c6);
      c7 = fma(vec4f(subgroupBroadcast(r[7u / S].w, 7u % S)), v, c7);
      c8 = fma(vec4f(subgroupBroadcast(r[8u / S].w, 8u % S)), v, c8);
      c9 = fma(vec4f(subgroupBroadcast(r[9u / S].w, 9u % S)), v, c9);
      c10 = fma(vec4f(subgroupBroadcast(r[10u / S].w, 10u % S)), v, c10);
      c11 = fma(vec4f(subgroupBroadcast(r[11u / S].w, 11u % S)), v, c11);
      c12 = fma(vec4f(subgroupBroadcast(r[12u / S].w, 12u % S)), v, c12);
      c13 = fma(vec4f(subgroupBroadcast(r[13u / S].w, 13u % S)), v, c13);
      c14 = fma(vec4f(subgroupBroadcast(r[14u / S].w, 14u % S)), v, c14);
      c15 = fma(vec4f(subgroupBroadcast(r[15u / S].w, 15u % S)), v, c15);
    }
    bi += 4u * p.nv;
  }
  if (col >= p.nv) { return; }
  let out = batch * p.m * p.n;
  put(row + 0u, col * 4u, out, c0);
  put(row + 1u, col * 4u, out, c1);
  put(row + 2u, col * 4u, out, c2);
  put(row + 3u, col * 4u, out, c3);
  put(row + 4u, col * 4u, out, c4);
  put(row + 5u, col * 4u, out, c5);
  put(row + 6u, col * 4u, out, c6);
  put(row + 7u, col * 4u, out, c7);
  put(row + 8u, col * 4u, out, c8);
  put(row + 9u, col * 4u, out, c9);
  put(row + 10u, col * 4u, out, c10);
  put(row + 11u, col * 4u, out, c11);
  put(row + 12u, col * 4u, out, c12);
  put(row + 13u, col * 4u, out, c13);
  put(row + 14u, col * 4u, out, c14);
  put(row + 15u, col * 4u, out, c15);
}
