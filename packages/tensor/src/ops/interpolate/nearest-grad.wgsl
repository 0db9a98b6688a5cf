// dx[c, iy, ix] = sum of dy over the outputs that copied this pixel, in raster order: a gather over the few outputs around
// i / scale that checks each by the forward rule. A lane owns one pixel of several planes.

struct Params {
  planes: u32, // B C
  h: u32, w: u32, // of x
  ho: u32, wo: u32,
  scaleY: f32, scaleX: f32, // h / ho, w / wo
}

@group(0) @binding(0) var<storage, read> dy: array<f32>; // [planes, ho, wo]
@group(0) @binding(1) var<storage, read_write> dx: array<f32>; // [planes, h, w]
@group(0) @binding(2) var<uniform> p: Params;

// The outputs that copy pixel i: from range.x to before range.y.
fn copies(i: u32, size: u32, outputs: u32, scale: f32) -> vec2u {
  var range = vec2u(u32(max(0.0, f32(i) / scale - 2.0)), min(outputs, u32(f32(i + 1u) / scale) + 2u));
  while (range.x < range.y && min(u32(f32(range.x) * scale), size - 1u) < i) { range.x++; }
  while (range.y > range.x && min(u32(f32(range.y - 1u) * scale), size - 1u) > i) { range.y--; }
  return range;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (lane.x >= p.w || lane.y >= p.h) { return; }
  let rows = copies(lane.y, p.h, p.ho, p.scaleY);
  let cols = copies(lane.x, p.w, p.wo, p.scaleX);
  for (var plane = lane.z; plane < p.planes; plane += groups.z) {
    var sum = 0.0;
    for (var oy = rows.x; oy < rows.y; oy++) {
      for (var ox = cols.x; ox < cols.y; ox++) { sum += dy[(plane * p.ho + oy) * p.wo + ox]; }
    }
    dx[(plane * p.h + lane.y) * p.w + lane.x] = sum;
  }
}
