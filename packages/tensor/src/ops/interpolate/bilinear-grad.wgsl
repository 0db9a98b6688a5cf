// dx[c, iy, ix] = sum of dy over the outputs whose source point lies less than a pixel away, weighted by nearness, in raster
// order: the adjoint of bilinear.wgsl as a gather, without atomics. A lane owns one pixel of several planes. Each dy is read
// by the four pixels that made it.

struct Params {
  planes: u32, // B C
  h: u32, w: u32, // of x
  ho: u32, wo: u32,
  scaleY: i32, shiftY: i32, unitY: i32,
  scaleX: i32, shiftX: i32, unitX: i32,
}

@group(0) @binding(0) var<storage, read> dy: array<f32>; // [planes, ho, wo]
@group(0) @binding(1) var<storage, read_write> dx: array<f32>; // [planes, h, w]
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (lane.x >= p.w || lane.y >= p.h) { return; }
  let ix = i32(lane.x);
  let iy = i32(lane.y);
  let rows = touching(iy, i32(p.h), i32(p.ho), p.scaleY, p.shiftY, p.unitY);
  let cols = touching(ix, i32(p.w), i32(p.wo), p.scaleX, p.shiftX, p.unitX);
  for (var plane = lane.z; plane < p.planes; plane += groups.z) {
    var sum = 0.0;
    for (var oy = rows.x; oy <= rows.y; oy++) {
      let line = (plane * p.ho + u32(oy)) * p.wo;
      var part = 0.0;
      for (var ox = cols.x; ox <= cols.y; ox++) {
        part += nearness(ox, ix, i32(p.w), p.scaleX, p.shiftX, p.unitX) * dy[line + u32(ox)];
      }
      sum += nearness(oy, iy, i32(p.h), p.scaleY, p.shiftY, p.unitY) * part;
    }
    dx[(plane * p.h + lane.y) * p.w + lane.x] = sum;
  }
}
