// Bilinear enlargement by two or more along both axes, rows of y a multiple of four: as bilinear.wgsl, but a lane owns 4 x 4
// outputs, which lie within 4 x 4 pixels of x: one read a value instead of four. Every output weighs all four pixels of an
// axis by max(0, 1 - distance), which is 0 for the two that are not its neighbours (an infinite one still spoils it).
// Writes y once, in vec4.

struct Params {
  planes: u32, // B C
  h: u32, w: u32, // of x
  ho: u32, wo: u32,
  scaleY: i32, shiftY: i32, unitY: i32,
  scaleX: i32, shiftX: i32, unitX: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>; // [planes, h, w]
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>; // [planes, ho, wo / 4]
@group(0) @binding(2) var<uniform> p: Params;

// Source points of outputs o to o + 3, times unit.
fn sources(o: u32, size: u32, scale: i32, shift: i32, unit: i32) -> vec4i {
  let points = (vec4i(i32(o)) + vec4i(0, 1, 2, 3)) * scale + vec4i(shift);
  return clamp(points, vec4i(0), vec4i((i32(size) - 1) * unit));
}

// What the four outputs take of pixel i.
fn weights(points: vec4i, i: i32, unit: i32) -> vec4f {
  return vec4f(max(vec4i(0), vec4i(unit) - abs(points - vec4i(i * unit)))) / f32(unit);
}

fn line(at: u32, right: vec4u, w0: vec4f, w1: vec4f, w2: vec4f, w3: vec4f) -> vec4f {
  return w0 * x[at] + w1 * x[at + right.y] + w2 * x[at + right.z] + w3 * x[at + right.w];
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (lane.x * 4u >= p.wo || lane.y * 4u >= p.ho) { return; }
  let sx = sources(lane.x * 4u, p.w, p.scaleX, p.shiftX, p.unitX);
  let sy = sources(lane.y * 4u, p.h, p.scaleY, p.shiftY, p.unitY);
  let x0 = sx.x / p.unitX;
  let y0 = sy.x / p.unitY;
  let w0 = weights(sx, x0, p.unitX);
  let w1 = weights(sx, x0 + 1, p.unitX);
  let w2 = weights(sx, x0 + 2, p.unitX);
  let w3 = weights(sx, x0 + 3, p.unitX);
  let v0 = weights(sy, y0, p.unitY);
  let v1 = weights(sy, y0 + 1, p.unitY);
  let v2 = weights(sy, y0 + 2, p.unitY);
  let v3 = weights(sy, y0 + 3, p.unitY);
  // Pixels past the edge weigh nothing; the last one is read in their place.
  let right = min(vec4u(0u, 1u, 2u, 3u), vec4u(p.w - 1u - u32(x0)));
  let down = min(vec4u(0u, 1u, 2u, 3u), vec4u(p.h - 1u - u32(y0))) * p.w;
  let wv = p.wo / 4u;
  let rows = min(4u, p.ho - lane.y * 4u);
  for (var plane = lane.z; plane < p.planes; plane += groups.z) {
    let at = (plane * p.h + u32(y0)) * p.w + u32(x0);
    let a = line(at, right, w0, w1, w2, w3);
    let b = line(at + down.y, right, w0, w1, w2, w3);
    let c = line(at + down.z, right, w0, w1, w2, w3);
    let d = line(at + down.w, right, w0, w1, w2, w3);
    let to = (plane * p.ho + lane.y * 4u) * wv + lane.x;
    for (var i = 0u; i < 4u; i++) {
      if (i < rows) { y[to + i * wv] = v0[i] * a + v1[i] * b + v2[i] * c + v3[i] * d; }
    }
  }
}
