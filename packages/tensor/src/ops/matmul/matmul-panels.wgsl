enable subgroups;
// c = a . b (+ bias) for adapters whose subgroups have eight lanes (lavapipe), with both operands in panels. There a load goes element by
// element, as dear as sixty sums of eight lanes, so that the speed is that of sums per load: a subgroup owns 64 rows x 32 columns, and per
// two steps of k it loads 2 x 64 of a and 2 x 32 of b for 4096 sums. a lies in panels of 64 rows, transposed: a lane loads four rows
// of one step and every lane's four are broadcast in turn. The 256 registers of sums live on the stack, in the nearest cache; two
// steps in a row halve that traffic, and four would need more code than the instruction cache holds.

struct Params {
  m: u32, n: u32,
  pairs: u32, // pairs of steps of k
  strideA: u32, // between matrices of a, in vec4; 0 when shared
  strideB: u32, // between matrices of b, in vec4
  aTile: u32, // between panels of a, in vec4
  bTile: u32, // between panels of b, in vec4
  tilesM: u32,
  tiles: u32, // batch * tilesM
  alpha: f32,
  bias: u32, // 0 none, 1 a value per column, 2 a value per row
  act: u32, // 0 none, 1 relu, 2 gelu
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>; // [batch, m / 64, k, 64]
@group(0) @binding(1) var<storage, read> b: array<vec4f>; // [batch, n / 32, k, 32]
@group(0) @binding(2) var<storage, read> bias: array<f32>; // [n], or [m] if p.bias is 2
@group(0) @binding(3) var<storage, read_write> c: array<f32>; // [batch, m, n]
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  // No early return: after one, every load and sum would run under a mask. A workgroup past the end repeats the last tile, unwritten.
  let at = group.z * groups.y + group.y;
  let tile = min(at, p.tiles - 1u);
  let batch = tile / p.tilesM;
  let panel = tile % p.tilesM;
  var ai = batch * p.strideA + panel * p.aTile + lane;
  var bi = batch * p.strideB + group.x * p.bTile + lane;
  var c0 = mat4x4f(); var c1 = mat4x4f(); var c2 = mat4x4f(); var c3 = mat4x4f();
  var c4 = mat4x4f(); var c5 = mat4x4f(); var c6 = mat4x4f(); var c7 = mat4x4f();
  var c8 = mat4x4f(); var c9 = mat4x4f(); var c10 = mat4x4f(); var c11 = mat4x4f();
  var c12 = mat4x4f(); var c13 = mat4x4f(); var c14 = mat4x4f(); var c15 = mat4x4f();
  for (var i = 0u; i < p.pairs; i++) {
    let b0 = b[bi];
    let b1 = b[bi + 8u];
    let u0 = a[ai];
    let v0 = a[ai + 8u];
    let u1 = a[ai + 16u];
    let v1 = a[ai + 24u];
    c0 = step(c0, subgroupBroadcast(u0, 0u), subgroupBroadcast(u1, 0u), b0, b1);
    c1 = step(c1, subgroupBroadcast(u0, 1u), subgroupBroadcast(u1, 1u), b0, b1);
    c2 = step(c2, subgroupBroadcast(u0, 2u), subgroupBroadcast(u1, 2u), b0, b1);
    c3 = step(c3, subgroupBroadcast(u0, 3u), subgroupBroadcast(u1, 3u), b0, b1);
    c4 = step(c4, subgroupBroadcast(u0, 4u), subgroupBroadcast(u1, 4u), b0, b1);
    c5 = step(c5, subgroupBroadcast(u0, 5u), subgroupBroadcast(u1, 5u), b0, b1);
    c6 = step(c6, subgroupBroadcast(u0, 6u), subgroupBroadcast(u1, 6u), b0, b1);
    c7 = step(c7, subgroupBroadcast(u0, 7u), subgroupBroadcast(u1, 7u), b0, b1);
    c8 = step(c8, subgroupBroadcast(v0, 0u), subgroupBroadcast(v1, 0u), b0, b1);
    c9 = step(c9, subgroupBroadcast(v0, 1u), subgroupBroadcast(v1, 1u), b0, b1);
    c10 = step(c10, subgroupBroadcast(v0, 2u), subgroupBroadcast(v1, 2u), b0, b1);
    c11 = step(c11, subgroupBroadcast(v0, 3u), subgroupBroadcast(v1, 3u), b0, b1);
    c12 = step(c12, subgroupBroadcast(v0, 4u), subgroupBroadcast(v1, 4u), b0, b1);
    c13 = step(c13, subgroupBroadcast(v0, 5u), subgroupBroadcast(v1, 5u), b0, b1);
    c14 = step(c14, subgroupBroadcast(v0, 6u), subgroupBroadcast(v1, 6u), b0, b1);
    c15 = step(c15, subgroupBroadcast(v0, 7u), subgroupBroadcast(v1, 7u), b0, b1);
    ai += 32u;
    bi += 16u;
  }
  let col = group.x * 32u + lane * 4u;
  if (at >= p.tiles || col >= p.n) { return; }
  let out = batch * p.m * p.n;
  // One loop over a copy keeps the code small: 64 inlined epilogues take seconds to compile.
  var rows = array<mat4x4f, 16>(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15);
  for (var i = 0u; i < 64u; i++) { put(panel * 64u + i, col, out, rows[i / 4u][i % 4u]); }
}
