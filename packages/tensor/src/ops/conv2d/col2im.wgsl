// The adjoint of im2col, as a gather: y[c, iy, ix] = bias[c] + sum of cols[c, ky, kx, oy, ox] over the taps and outputs with
// oy s + ky - pad = iy and ox s + kx - pad = ix, in the order of ky, then kx. A lane owns four neighbouring pixels.
// Reads each value of cols once, writes each pixel once.

const BIAS: bool = false;
const KERNEL: u32 = 0u; // fixed square kernel and stride unroll the loops; 0 takes p.kh and p.kw, p.stride
const STRIDE: u32 = 0u;

struct Params {
  images: u32,
  firstImage: u32,
  channels: u32, // in cols; they go to y from firstChannel on
  firstChannel: u32,
  allChannels: u32, // of y
  h: u32, w: u32, // of y
  ho: u32, wo: u32,
  kh: u32, kw: u32,
  stride: u32, padding: u32,
}

@group(0) @binding(0) var<storage, read> cols: array<f32>; // [images, channels, kh, kw, ho, wo]
@group(0) @binding(1) var<storage, read> bias: array<f32>; // [allChannels]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [B, allChannels, h, w]
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let x0 = lane.x * 4u;
  if (x0 >= p.w || lane.y >= p.h) { return; }
  let kh = select(p.kh, KERNEL, KERNEL > 0u);
  let kw = select(p.kw, KERNEL, KERNEL > 0u);
  let s = select(p.stride, STRIDE, STRIDE > 0u);
  let pixels = p.ho * p.wo;
  let count = min(4u, p.w - x0);
  // The last output whose patch starts at or before this pixel, and the tap that touches it; earlier outputs follow in
  // steps of a stride.
  let oy0 = (lane.y + p.padding) / s;
  let ky0 = (lane.y + p.padding) % s;
  var ox0: vec4u;
  var kx0: vec4u;
  for (var j = 0u; j < 4u; j++) {
    ox0[j] = (x0 + j + p.padding) / s;
    kx0[j] = (x0 + j + p.padding) % s;
  }
  for (var plane = lane.z; plane < p.images * p.channels; plane += groups.z) {
    let channel = p.firstChannel + plane % p.channels;
    let base = plane * kh * kw * pixels;
    let line = (((p.firstImage + plane / p.channels) * p.allChannels + channel) * p.h + lane.y) * p.w + x0;
    for (var j = 0u; j < 4u; j++) { // a constant count, so that it unrolls
      var sum = 0.0;
      if (BIAS) { sum = bias[channel]; }
      for (var i = 0u; i * s < kh; i++) {
        let ky = ky0 + i * s;
        let oy = oy0 - i; // wraps to a huge number above the first row
        let at = base + ky * kw * pixels + oy * p.wo;
        for (var l = 0u; l * s < kw; l++) {
          let kx = kx0[j] + l * s;
          let ox = ox0[j] - l;
          let ok = ky < kh && oy < p.ho && kx < kw && ox < p.wo;
          sum += select(0.0, cols[select(0u, at + kx * pixels + ox, ok)], ok);
        }
      }
      if (j < count) { y[line + j] = sum; }
    }
  }
}
