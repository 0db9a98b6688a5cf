// y[c, oy, ox] = largest value of a K x K window of x; windows do not overlap. A lane owns four neighbouring outputs, so that
// it reads a stretch of 4 K neighbours per row. Reads x once, writes y once.

const KERNEL: u32 = 0u; // a fixed size unrolls the loops; 0 takes p.kernel

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
  let left = lane.x * 4u;
  if (left >= p.wo || lane.y >= p.ho) { return; }
  let k = select(p.kernel, KERNEL, KERNEL > 0u);
  let count = min(4u, p.wo - left);
  for (var plane = lane.z; plane < p.planes; plane += groups.z) {
    for (var o = 0u; o < count; o++) {
      let first = (plane * p.h + lane.y * k) * p.w + (left + o) * k;
      var best = x[first];
      for (var i = 0u; i < k; i++) {
        for (var j = 0u; j < k; j++) { best = max(best, x[first + i * p.w + j]); }
      }
      y[(plane * p.ho + lane.y) * p.wo + left + o] = best;
    }
  }
}
