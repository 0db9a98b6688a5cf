// Second stage of the Dice + focal loss: adds the partial sums in order and computes the scalar, and with it the two factors
// that the gradient of every element needs. One workgroup.

struct Params { count: u32, chunks: u32, weight: f32, smoothing: f32 }

@group(0) @binding(0) var<storage, read> sums: array<vec4f>; // [chunks]: p, t, p t, cross entropy
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // [1]
@group(0) @binding(2) var<storage, read_write> factors: array<vec4f>; // [1]: d dice / dp = x t + y; d focal / d sum of cross entropy = z
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> part: array<vec4f, 64>;

// 1 - e^-b, without the loss of digits near 0
fn oneMinusExp(b: f32) -> f32 {
  return select(1.0 - exp(-b), b * (1.0 - b * (0.5 - b * (1.0 / 6.0 - b / 24.0))), b < 0.05);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = vec4f();
  for (var i = lane; i < p.chunks; i += 64u) { sum += sums[i]; }
  part[lane] = sum;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (lane < half) { part[lane] += part[lane + half]; }
    workgroupBarrier();
  }
  if (lane > 0u) { return; }
  let s = part[0];
  let under = s.x + s.y + p.smoothing;
  let dice = (2.0 * s.z + p.smoothing) / under;
  let bce = s.w / f32(p.count);
  let rest = oneMinusExp(bce);
  y[0] = p.weight * (1.0 - dice) + (1.0 - p.weight) * 0.8 * rest * rest * bce;
  let slope = 0.8 * (rest * rest + 2.0 * rest * (1.0 - rest) * bce);
  factors[0] = vec4f(-2.0 * p.weight / under, p.weight * dice / under, (1.0 - p.weight) * slope / f32(p.count), 0.0);
}
