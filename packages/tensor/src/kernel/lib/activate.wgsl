// The activation that a product may end with: 0 none, 1 relu, 2 gelu. Needs erf.wgsl.

fn activate(x: vec4f, kind: u32) -> vec4f {
  if (kind == 1u) { return max(x, vec4f()); }
  if (kind == 2u) { return gelu4(x); }
  return x;
}
