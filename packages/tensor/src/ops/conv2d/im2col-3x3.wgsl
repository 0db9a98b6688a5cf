// im2col.wgsl for the commonest case: a 3 x 3 kernel, stride 1, padding 1, rows of x a multiple of four. A lane reads each of
// three rows once (its four pixels and one to either side) and writes the three shifted copies, all in vec4.

struct Params {
  images: u32,
  firstImage: u32,
  channels: u32, // laid out, from firstChannel on
  firstChannel: u32,
  allChannels: u32, // of x
  h: u32,
  wv: u32, // row length in vec4
  rows: u32, // output rows laid out, from firstRow on
  firstRow: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>; // [B, allChannels, h, wv]
@group(0) @binding(1) var<storage, read_write> cols: array<vec4f>; // [images, channels, 3, 3, rows, wv]
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (lane.x >= p.wv || lane.y >= p.rows) { return; }
  let pixels = p.rows * p.wv;
  let first = lane.x == 0u;
  let last = lane.x + 1u == p.wv;
  for (var plane = lane.z; plane < p.images * p.channels; plane += groups.z) {
    let image = p.firstImage + plane / p.channels;
    let base = (image * p.allChannels + p.firstChannel + plane % p.channels) * p.h * p.wv + lane.x;
    var to = plane * 9u * pixels + lane.y * p.wv + lane.x;
    for (var ky = 0u; ky < 3u; ky++) {
      let iy = p.firstRow + lane.y + ky; // one more than the row, for the padding
      let inside = iy >= 1u && iy <= p.h;
      let at = base + select(0u, iy - 1u, inside) * p.wv;
      let middle = select(vec4f(), x[at], inside);
      let left = select(0.0, x[select(at - 1u, at, first)].w, inside && !first);
      let right = select(0.0, x[select(at + 1u, at, last)].x, inside && !last);
      cols[to] = vec4f(left, middle.xyz);
      cols[to + pixels] = middle;
      cols[to + 2u * pixels] = vec4f(middle.yzw, right);
      to += 3u * pixels;
    }
  }
}
