enable subgroups;
// c = a . b (+ bias) for adapters whose subgroups have eight lanes (lavapipe), as matmul-panels.wgsl, but with b read through windows in
// the uniform address space. A load from a storage buffer checks every lane's every element by a branch of its own; one from a uniform
// buffer clamps all lanes at once: two thirds of the time and two fifths of the code, so that a loop over 32 rows x 64 columns, which
// loads four vec4 of b and two of a for 4096 sums, keeps to what the processor holds of decoded code. A window has 64 KiB: 256 steps of
// k for 64 columns. A launch makes 128 columns of the result from two times three windows, and adds to what c has where k is longer.

const END: bool = true; // whether a scale, a bias or an activation follows

struct Params {
  m: u32, n: u32,
  column: u32, // the first of the 128
  pairs0: u32, pairs1: u32, pairs2: u32, // pairs of steps of k in each window; 0 for a window that is not needed
  strideA: u32, // between matrices of a, in vec4
  startA: u32, // where the launch's first step of k lies in a panel of a, in vec4
  aTile: u32, // between panels of a, in vec4
  batch: u32, // of c
  tilesM: u32,
  add: u32, // 1 to add to what c has, before bias and activation
  alpha: f32,
  bias: u32, // 0 none, 1 a value per column, 2 a value per row
  act: u32, // 0 none, 1 relu, 2 gelu
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>; // [batch, m / 32, k, 32]
@group(0) @binding(1) var<uniform> b0: array<vec4f, 4096>; // steps 0 to 255 of [k, 64]
@group(0) @binding(2) var<uniform> b1: array<vec4f, 4096>; // steps 256 to 511
@group(0) @binding(3) var<uniform> b2: array<vec4f, 4096>; // steps 512 to 767
@group(0) @binding(4) var<uniform> b3: array<vec4f, 4096>; // the same of the next 64 columns
@group(0) @binding(5) var<uniform> b4: array<vec4f, 4096>;
@group(0) @binding(6) var<uniform> b5: array<vec4f, 4096>;
@group(0) @binding(7) var<storage, read> bias: array<f32>; // [n], or [m] if p.bias is 2
@group(0) @binding(8) var<storage, read_write> c: array<f32>; // [batch, m, n]
@group(0) @binding(9) var<uniform> p: Params;

// Sums of 32 rows x 8 columns of a lane: c has rows 4 i to 4 i + 3 and columns 4 lane to 4 lane + 3, d the same of the second 32 columns.
struct Sums {
  c0: mat4x4f, c1: mat4x4f, c2: mat4x4f, c3: mat4x4f, c4: mat4x4f, c5: mat4x4f, c6: mat4x4f, c7: mat4x4f,
  d0: mat4x4f, d1: mat4x4f, d2: mat4x4f, d3: mat4x4f, d4: mat4x4f, d5: mat4x4f, d6: mat4x4f, d7: mat4x4f,
}

fn window(b: ptr<uniform, array<vec4f, 4096>>, start: u32, pairs: u32, lane: u32, sums: Sums) -> Sums {
  var c0 = sums.c0; var c1 = sums.c1; var c2 = sums.c2; var c3 = sums.c3;
  var c4 = sums.c4; var c5 = sums.c5; var c6 = sums.c6; var c7 = sums.c7;
  var d0 = sums.d0; var d1 = sums.d1; var d2 = sums.d2; var d3 = sums.d3;
  var d4 = sums.d4; var d5 = sums.d5; var d6 = sums.d6; var d7 = sums.d7;
  var ai = start;
  var bi = lane;
  for (var i = 0u; i < pairs; i++) {
    let u = a[ai];
    let v = a[ai + 8u];
    let b0 = b[bi];
    let b1 = b[bi + 8u];
    let b2 = b[bi + 16u];
    let b3 = b[bi + 24u];
    let x0 = subgroupBroadcast(u, 0u); let y0 = subgroupBroadcast(v, 0u);
    c0 = step(c0, x0, y0, b0, b2); d0 = step(d0, x0, y0, b1, b3);
    let x1 = subgroupBroadcast(u, 1u); let y1 = subgroupBroadcast(v, 1u);
    c1 = step(c1, x1, y1, b0, b2); d1 = step(d1, x1, y1, b1, b3);
    let x2 = subgroupBroadcast(u, 2u); let y2 = subgroupBroadcast(v, 2u);
    c2 = step(c2, x2, y2, b0, b2); d2 = step(d2, x2, y2, b1, b3);
    let x3 = subgroupBroadcast(u, 3u); let y3 = subgroupBroadcast(v, 3u);
    c3 = step(c3, x3, y3, b0, b2); d3 = step(d3, x3, y3, b1, b3);
    let x4 = subgroupBroadcast(u, 4u); let y4 = subgroupBroadcast(v, 4u);
    c4 = step(c4, x4, y4, b0, b2); d4 = step(d4, x4, y4, b1, b3);
    let x5 = subgroupBroadcast(u, 5u); let y5 = subgroupBroadcast(v, 5u);
    c5 = step(c5, x5, y5, b0, b2); d5 = step(d5, x5, y5, b1, b3);
    let x6 = subgroupBroadcast(u, 6u); let y6 = subgroupBroadcast(v, 6u);
    c6 = step(c6, x6, y6, b0, b2); d6 = step(d6, x6, y6, b1, b3);
    let x7 = subgroupBroadcast(u, 7u); let y7 = subgroupBroadcast(v, 7u);
    c7 = step(c7, x7, y7, b0, b2); d7 = step(d7, x7, y7, b1, b3);
    ai += 16u;
    bi += 32u;
  }
  return Sums(c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7);
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  // No early return: after one, every load and sum would run under a mask. A workgroup past the end repeats the last tile, unwritten.
  let at = group.z * groups.y + group.y;
  let panel = min(at, p.tilesM - 1u);
  let start = p.batch * p.strideA + panel * p.aTile + p.startA + lane;
  // A workgroup has steps to do on one side only: 64 columns.
  let left = select(vec3u(), vec3u(p.pairs0, p.pairs1, p.pairs2), group.x == 0u);
  let right = vec3u(p.pairs0, p.pairs1, p.pairs2) - left;
  let start1 = start + p.pairs0 * 16u;
  let start2 = start1 + p.pairs1 * 16u;
  var sums = window(&b0, start, left.x, lane, Sums());
  sums = window(&b1, start1, left.y, lane, sums);
  sums = window(&b2, start2, left.z, lane, sums);
  sums = window(&b3, start, right.x, lane, sums);
  sums = window(&b4, start1, right.y, lane, sums);
  sums = window(&b5, start2, right.z, lane, sums);
  if (at >= p.tilesM) { return; }
  let out = p.batch * p.m * p.n;
  // One loop over a copy keeps the code small: 64 inlined epilogues take seconds to compile.
  var rows = array<mat4x4f, 16>(sums.c0, sums.c1, sums.c2, sums.c3, sums.c4, sums.c5, sums.c6, sums.c7, sums.d0, sums.d1, sums.d2, sums.d3, sums.d4, sums.d5, sums.d6, sums.d7);
  for (var i = 0u; i < 64u; i++) {
    let row = panel * 32u + i % 32u;
    let col = p.column + group.x * 64u + (i / 32u) * 32u + lane * 4u;
    var v = rows[i / 4u][i % 4u];
    if (col < p.n && row < p.m) {
      if (p.add == 1u) { v += before(out + row * p.n + col, p.n - col); }
      if (END) { put(row, col, out, v); } else { putPlain(out + row * p.n + col, p.n - col, v); }
    }
  }
}

// What earlier launches left of four columns of a row, of which `room` are in the matrix.
fn before(at: u32, room: u32) -> vec4f {
  return vec4f(c[at], c[at + min(1u, room - 1u)], c[at + min(2u, room - 1u)], c[at + min(3u, room - 1u)]);
}
