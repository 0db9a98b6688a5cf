// y[c, oy, ox] = x[c, floor(oy scaleY), floor(ox scaleX)], the products rounded to f32 as PyTorch does. A lane owns four
// neighbouring outputs of several planes. Writes y once.

struct Params {
  planes: u32, // B C
  h: u32, w: u32, // of x
  ho: u32, wo: u32,
  scaleY: f32, scaleX: f32, // h / ho, w / wo
}

@group(0) @binding(0) var<storage, read> x: array<f32>; // [planes, h, w]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [planes, ho, wo]
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = lane.x * 4u;
  if (first >= p.wo || lane.y >= p.ho) { return; }
  let count = min(4u, p.wo - first);
  let row = min(u32(f32(lane.y) * p.scaleY), p.h - 1u) * p.w;
  var at: vec4u;
  for (var j = 0u; j < 4u; j++) { at[j] = row + min(u32(f32(first + j) * p.scaleX), p.w - 1u); }
  for (var plane = lane.z; plane < p.planes; plane += groups.z) {
    let line = (plane * p.ho + lane.y) * p.wo + first;
    for (var j = 0u; j < 4u; j++) { // a constant count, so that it unrolls
      if (j < count) { y[line + j] = x[plane * p.h * p.w + at[j]]; }
    }
  }
}
