// wide[c, h r + i, w r + j] = deep[c r r + i r + j, h, w], copied one way or, if UNSHUFFLE, the other. A lane owns r
// neighbouring values of a wide row; lanes side by side read (write) neighbours in each deep plane. Moves each value once.

const UNSHUFFLE: bool = false;
const FACTOR: u32 = 0u; // a fixed factor unrolls the loop; 0 takes p.r

struct Params {
  planes: u32, // B C r: one per channel of wide and row i in its blocks
  h: u32, w: u32, // of deep
  r: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>; // [B C r r, h, w], or [B C, h r, w r] if UNSHUFFLE
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // the other one
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) lane: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let r = select(p.r, FACTOR, FACTOR > 0u);
  if (lane.x >= p.w || lane.y >= p.h) { return; }
  for (var plane = lane.z; plane < p.planes; plane += groups.z) {
    var wide = (((plane / r) * p.h + lane.y) * r + plane % r) * p.w * r + lane.x * r;
    var deep = (plane * r * p.h + lane.y) * p.w + lane.x;
    for (var j = 0u; j < r; j++) {
      if (UNSHUFFLE) { y[deep] = x[wide]; } else { y[wide] = x[deep]; }
      wide++;
      deep += p.h * p.w;
    }
  }
}
