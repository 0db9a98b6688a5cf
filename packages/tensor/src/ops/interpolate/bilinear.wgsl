// y[c, oy, ox] = the four neighbours of source point (sy, sx), weighted by nearness. Along each axis the source point is the
// exact fraction (o scale + shift) / unit, clamped to the image, so that no rounding moves a weight. A lane owns four
// neighbouring outputs of several planes and works out where they lie once. Writes y once; x comes from cache beyond once.

struct Params {
  planes: u32, // B C
  h: u32, w: u32, // of x
  ho: u32, wo: u32,
  scaleY: i32, shiftY: i32, unitY: i32,
  scaleX: i32, shiftX: i32, unitX: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>; // [planes, h, w]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [planes, ho, wo]
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = lane.x * 4u;
  if (first >= p.wo || lane.y >= p.ho) { return; }
  let count = min(4u, p.wo - first);
  let sy = clamp(i32(lane.y) * p.scaleY + p.shiftY, 0, (i32(p.h) - 1) * p.unitY);
  let y0 = u32(sy / p.unitY);
  let wy = f32(sy % p.unitY) / f32(p.unitY);
  let below = select(0u, p.w, y0 + 1u < p.h);
  var at: vec4u;
  var right: vec4u;
  var wx: vec4f;
  for (var j = 0u; j < 4u; j++) {
    let sx = clamp(i32(first + j) * p.scaleX + p.shiftX, 0, (i32(p.w) - 1) * p.unitX);
    let x0 = u32(sx / p.unitX);
    at[j] = y0 * p.w + x0;
    right[j] = select(0u, 1u, x0 + 1u < p.w);
    wx[j] = f32(sx % p.unitX) / f32(p.unitX);
  }
  for (var plane = lane.z; plane < p.planes; plane += groups.z) {
    let base = plane * p.h * p.w;
    let line = (plane * p.ho + lane.y) * p.wo + first;
    for (var j = 0u; j < 4u; j++) { // a constant count, so that it unrolls; at stays inside x beyond the row's end
      let a = base + at[j];
      let top = mix(x[a], x[a + right[j]], wx[j]);
      let bottom = mix(x[a + below], x[a + below + right[j]], wx[j]);
      if (j < count) { y[line + j] = mix(top, bottom, wy); }
    }
  }
}
