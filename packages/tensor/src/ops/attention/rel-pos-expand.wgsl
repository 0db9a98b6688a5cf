// Lays a relative position table out by query place: y[i, d, j] = table[i - j + size - 1, d] for all places i, j of one axis, j in
// whole vec4; places past the grid hold zeros. So the bias factors of a query are one small product.

const WG: u32 = 64u;

struct Params {
  size: u32, cols: u32, // places; places in vec4, padded
  dim: u32,
  offset: u32, // where the result starts, in vec4
}

@group(0) @binding(0) var<storage, read> x: array<f32>; // [2 size - 1, D]
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>; // [size, D, cols] from offset on
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * groups.x + group.x) * WG + lane;
  if (at >= p.size * p.dim * p.cols) { return; }
  let j = at % p.cols * 4u;
  let d = (at / p.cols) % p.dim;
  let i = at / (p.cols * p.dim) + p.size - 1u;
  var v = vec4f();
  for (var e = 0u; e < 4u; e++) {
    if (j + e < p.size) { v[e] = x[(i - j - e) * p.dim + d]; }
  }
  y[p.offset + at] = v;
}
