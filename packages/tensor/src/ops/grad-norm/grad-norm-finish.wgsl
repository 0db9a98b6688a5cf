// y = the square root of the sum of all partial sums, added in a fixed order. One workgroup.

struct Params { count: u32 }

@group(0) @binding(0) var<storage, read> sums: array<f32>; // [count]
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [1]
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> part: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < p.count; i += 64u) { sum += sums[i]; }
  part[lane] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (lane < half) { part[lane] += part[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) { y[0] = sqrt(part[0]); }
}
