// The activation that a product may end with: 0 none, 1 relu, 2 gelu. Needs erf.wgsl.

fn activate(x: f32, kind: u32) -> f32 {
  if (kind == 1u) { return max(x, 0.0); }
  if (kind == 2u) { return gelu4(vec4f(x)).x; }
  return x;
}
