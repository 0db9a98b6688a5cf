// dx = dy at the first largest value of each window in raster order, 0 elsewhere and in the border that no window covers.
// A lane owns four neighbouring windows: it finds the largest values again (nothing was saved but x) and writes all
// K x K gradients of each. Reads x twice, the second time from cache; writes dx once.

const KERNEL: u32 = 0u; // a fixed size unrolls the loops; 0 takes p.kernel

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
  let k = select(p.kernel, KERNEL, KERNEL > 0u);
  let top = lane.y * k;
  if (lane.x * 4u * k >= p.w || top >= p.h) { return; }
  for (var plane = lane.z; plane < p.planes; plane += groups.z) {
    for (var o = lane.x * 4u; o < lane.x * 4u + 4u; o++) {
      let left = o * k;
      let first = (plane * p.h + top) * p.w + left;
      if (o < p.wo && lane.y < p.ho) {
        var best = x[first];
        var found = first;
        for (var i = 0u; i < k; i++) {
          for (var j = 0u; j < k; j++) {
            let at = first + i * p.w + j;
            let value = x[at];
            found = select(found, at, value > best);
            best = max(best, value);
          }
        }
        let gradient = dy[(plane * p.ho + lane.y) * p.wo + o];
        for (var i = 0u; i < k; i++) {
          for (var j = 0u; j < k; j++) {
            let at = first + i * p.w + j;
            dx[at] = select(0.0, gradient, at == found);
          }
        }
      } else {
        for (var i = 0u; i < k && top + i < p.h; i++) {
          for (var j = 0u; j < k && left + j < p.w; j++) { dx[first + i * p.w + j] = 0.0; }
        }
      }
    }
  }
}
