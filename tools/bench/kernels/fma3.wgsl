// The same as fma.wgsl with three chains a lane: adapters differ in how many registers they keep.

struct Params { rounds: u32 }

@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = vec4f(f32(id.x) * 1e-9 + 0.9999);
  let c = vec4f(1e-4);
  var a = vec4f(f32(id.x) * 1e-6);
  var b = a + 0.1;
  var d = a + 0.2;
  for (var i = 0u; i < p.rounds; i++) {
    a = fma(a, m, c); b = fma(b, m, c); d = fma(d, m, c);
    a = fma(a, m, c); b = fma(b, m, c); d = fma(d, m, c);
    a = fma(a, m, c); b = fma(b, m, c); d = fma(d, m, c);
    a = fma(a, m, c); b = fma(b, m, c); d = fma(d, m, c);
  }
  let s = a + b + d;
  y[id.x] = s.x + s.y + s.z + s.w;
}
