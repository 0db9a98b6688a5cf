// dx = dy at the first largest value of each window in raster order, 0 elsewhere and in the border that no window covers.
// A lane owns a whole window: it finds the largest value again (nothing was saved but x) and writes all K x K gradients.

struct Params {
  planes: u32, // B C
  h: u32, w: u32, // of x
  ho: u32, wo: u32,
  kernel: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>; // [planes, h, w]
@group(0) @binding(1) var<storage, read> dy: array<f32>; // [planes, ho, wo]
@group(0) @binding(2) var<storage, read_write> dx: array<f32>; // [planes, h, w]
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let top = lane.y * p.kernel;
  let left = lane.x * p.kernel;
  if (left >= p.w || top >= p.h) { return; }
  let rows = min(p.kernel, p.h - top);
  let cols = min(p.kernel, p.w - left);
  let full = lane.x < p.wo && lane.y < p.ho;
  for (var plane = lane.z; plane < p.planes; plane += groups.z) {
    let first = (plane * p.h + top) * p.w + left;
    var best = x[first];
    var found = first;
    for (var i = 0u; i < rows; i++) {
      for (var j = 0u; j < cols; j++) {
        let at = first + i * p.w + j;
        if (x[at] > best) {
          best = x[at];
          found = at;
        }
      }
    }
    var gradient = 0.0;
    if (full) { gradient = dy[(plane * p.ho + lane.y) * p.wo + lane.x]; }
    for (var i = 0u; i < rows; i++) {
      for (var j = 0u; j < cols; j++) {
        let at = first + i * p.w + j;
        dx[at] = select(0.0, gradient, at == found);
      }
    }
  }
}
