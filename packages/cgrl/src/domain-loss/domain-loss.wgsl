// mean_i w_i softplus(s_i z_i): eq. 3 from logits; s = -1 and w = w_primary for primary samples, s = 1 and w_auxiliary for others.
// One workgroup, one lane: a batch has a handful of samples.

struct Params { count: u32, primary: f32, auxiliary: f32 }

@group(0) @binding(0) var<storage, read> z: array<f32>; // [B]
@group(0) @binding(1) var<storage, read> flags: array<i32>; // [B]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // []
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(1)
fn main() {
  var sum = 0.0;
  for (var i = 0u; i < p.count; i++) {
    let own = flags[i] != 0i;
    let x = select(z[i], -z[i], own);
    sum += select(p.auxiliary, p.primary, own) * (max(x, 0.0) + log(1.0 + exp(-abs(x))));
  }
  y[0] = sum / f32(p.count);
}
