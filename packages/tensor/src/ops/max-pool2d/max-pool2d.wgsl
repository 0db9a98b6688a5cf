// y[c, oy, ox] = largest value of a K x K window of x; windows do not overlap. A lane owns one output.
// Reads x once, writes y once.

struct Params {
  planes: u32, // B C
  h: u32, w: u32, // of x
  ho: u32, wo: u32,
  kernel: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>; // [planes, h, w]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [planes, ho, wo]
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (lane.x >= p.wo || lane.y >= p.ho) { return; }
  for (var plane = lane.z; plane < p.planes; plane += groups.z) {
    let first = (plane * p.h + lane.y * p.kernel) * p.w + lane.x * p.kernel;
    var best = x[first];
    for (var i = 0u; i < p.kernel; i++) {
      for (var j = 0u; j < p.kernel; j++) {
        let value = x[first + i * p.w + j];
        best = max(best, value);
      }
    }
    y[(plane * p.ho + lane.y) * p.wo + lane.x] = best;
  }
}
