// One Adam step on one tensor, in place. A lane owns every 64th vec4 of its workgroup's run of 64 per; each value is read once
// and written once. With SCALED the gradients are multiplied by a number that lies on the device. Needs adam-update.wgsl.

const SCALED: bool = false;
const WG: u32 = 64u;

struct Params {
  count: u32, per: u32, // vec4s; rounds of a workgroup
  beta1: f32, beta2: f32, rest1: f32, rest2: f32, rate: f32, unbias: f32, eps: f32, gradScale: f32,
}

@group(0) @binding(0) var<storage, read> scale: array<f32>; // [1]
@group(0) @binding(1) var<storage, read> grad: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> param: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  var factor = p.gradScale;
  if (SCALED) { factor *= scale[0]; }
  let first = (group.y * groups.x + group.x) * WG * p.per + lane;
  let end = min(first + WG * p.per, p.count);
  for (var i = first; i < end; i += WG) {
    let next = adamUpdate(param[i], factor * grad[i], m[i], v[i]);
    param[i] = next.param;
    m[i] = next.m;
    v[i] = next.v;
  }
}
