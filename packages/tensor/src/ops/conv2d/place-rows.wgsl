// Puts a strip of output pixels where it belongs and adds the channel's bias: y[image, c, first + j] = strip[c, j] + bias[c].
// A lane owns one value; reads and writes each once.

const BIAS: bool = false;

struct Params {
  channels: u32,
  count: u32, // pixels of the strip
  pixels: u32, // pixels of an image
  start: u32, // element of y where the strip's first channel goes
}

@group(0) @binding(0) var<storage, read> strip: array<f32>; // [channels, count]
@group(0) @binding(1) var<storage, read> bias: array<f32>; // [channels]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [B, channels, pixels]
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var c = lane.y; c < p.channels; c += groups.y) {
    var shift = 0.0;
    if (BIAS) { shift = bias[c]; }
    for (var j = lane.x; j < p.count; j += groups.x * 64u) { y[p.start + c * p.pixels + j] = strip[c * p.count + j] + shift; }
  }
}
