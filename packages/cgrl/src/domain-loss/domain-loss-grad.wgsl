// dz_i = dy w_i s_i sigmoid(s_i z_i) / B. One lane a sample.

struct Params { count: u32, primary: f32, auxiliary: f32 }

@group(0) @binding(0) var<storage, read> z: array<f32>; // [B]
@group(0) @binding(1) var<storage, read> flags: array<i32>; // [B]
@group(0) @binding(2) var<storage, read> dy: array<f32>; // []
@group(0) @binding(3) var<storage, read_write> dz: array<f32>; // [B]
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= p.count) { return; }
  let own = flags[i] != 0i;
  let x = select(z[i], -z[i], own);
  let e = exp(-abs(x));
  let sigmoid = select(e, 1.0, x >= 0.0) / (1.0 + e);
  dz[i] = dy[0] * select(p.auxiliary, -p.primary, own) * sigmoid / f32(p.count);
}
