// First half of the gradient of an enlargement: dx[c, iy, ox] = sum of dy[c, oy, ox] over the output rows whose source row
// lies less than a pixel from iy, weighted by nearness, downwards. bilinear-grad.wgsl then sums along the rows. A lane owns
// four neighbouring columns. Reads dy twice (each row lies between two pixels), writes dx once, all in vec4.

struct Params {
  planes: u32, // B C
  h: u32, // of x
  ho: u32,
  wv: u32, // row length in vec4
  scale: i32, shift: i32, unit: i32, // down the columns
}

@group(0) @binding(0) var<storage, read> dy: array<vec4f>; // [planes, ho, wv]
@group(0) @binding(1) var<storage, read_write> dx: array<vec4f>; // [planes, h, wv]
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (lane.x >= p.wv || lane.y >= p.h) { return; }
  let iy = i32(lane.y);
  let rows = touching(iy, i32(p.h), i32(p.ho), p.scale, p.shift, p.unit);
  for (var plane = lane.z; plane < p.planes; plane += groups.z) {
    var sum = vec4f();
    for (var oy = rows.x; oy <= rows.y; oy++) {
      sum += nearness(oy, iy, i32(p.h), p.scale, p.shift, p.unit) * dy[(plane * p.ho + u32(oy)) * p.wv + lane.x];
    }
    dx[(plane * p.h + lane.y) * p.wv + lane.x] = sum;
  }
}
