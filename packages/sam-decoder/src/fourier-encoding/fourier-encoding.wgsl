// y = [sin 2 pi a, cos 2 pi a] with a = (2 xy - 1) G. WGSL's own sin and cos may be off by 2^-11, so the angle is folded to a
// quarter turn and a polynomial takes over (5.7e-8). One lane an output.

struct Params { count: u32, features: u32 }

@group(0) @binding(0) var<storage, read> xy: array<vec2f>; // [N, 2] in [0, 1]
@group(0) @binding(1) var<storage, read> g: array<f32>; // [2, F]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [N, 2 F]
@group(0) @binding(3) var<uniform> p: Params;

// sin(2 pi t) for any t
fn sinTurns(t: f32) -> f32 {
  let r = t - round(t); // [-0.5, 0.5]
  let q = select(r, sign(r) * 0.5 - r, abs(r) > 0.25); // sin(pi - x) = sin x
  let x = q * 6.283185307179586;
  let s = x * x;
  var v = fma(s, -2.50521083854e-8, 2.75573192240e-6);
  v = fma(s, v, -1.98412698413e-4);
  v = fma(s, v, 8.33333333333e-3);
  v = fma(s, v, -1.66666666667e-1);
  return fma(x * s, v, x);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= p.count * p.features * 2u) { return; }
  let f = i % p.features;
  let cosine = (i / p.features) % 2u == 1u;
  let at = 2.0 * xy[i / (2u * p.features)] - 1.0;
  let turns = at.x * g[f] + at.y * g[p.features + f];
  y[i] = sinTurns(select(turns - round(turns), turns - round(turns) + 0.25, cosine));
}
