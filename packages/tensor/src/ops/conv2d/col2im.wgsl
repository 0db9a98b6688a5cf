// The adjoint of im2col, as a gather: y[c, iy, ix] = bias[c] + sum of cols[c, ky, kx, oy, ox] over the taps and outputs with
// oy s + ky - pad = iy and ox s + kx - pad = ix, in the order of ky, then kx. A lane owns four neighbouring pixels.
// Reads each value of cols once, writes each pixel once.

const BIAS: bool = false;

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
  let pixels = p.ho * p.wo;
  let count = min(4u, p.w - x0);
  // The last output whose patch starts at or before this pixel, and the tap by which it touches it; earlier outputs follow by strides.
  let oy0 = (lane.y + p.padding) / p.stride;
  let ky0 = (lane.y + p.padding) % p.stride;
  var ox0: vec4u;
  var kx0: vec4u;
  for (var j = 0u; j < 4u; j++) {
    ox0[j] = (x0 + j + p.padding) / p.stride;
    kx0[j] = (x0 + j + p.padding) % p.stride;
  }
  for (var plane = lane.z; plane < p.images * p.channels; plane += groups.z) {
    let channel = p.firstChannel + plane % p.channels;
    let base = plane * p.kh * p.kw * pixels;
    let line = (((p.firstImage + plane / p.channels) * p.allChannels + channel) * p.h + lane.y) * p.w + x0;
    for (var j = 0u; j < count; j++) {
      var sum = 0.0;
      if (BIAS) { sum = bias[channel]; }
      for (var i = 0u; i * p.stride + ky0 < p.kh && i <= oy0; i++) {
        if (oy0 - i >= p.ho) { continue; }
        let at = base + (ky0 + i * p.stride) * p.kw * pixels + (oy0 - i) * p.wo;
        for (var l = 0u; l * p.stride + kx0[j] < p.kw && l <= ox0[j]; l++) {
          if (ox0[j] - l < p.wo) { sum += cols[at + (kx0[j] + l * p.stride) * pixels + ox0[j] - l]; }
        }
      }
      y[line + j] = sum;
    }
  }
}
