// One Adam step on two tensors in one launch, in place: as many as eight storage bindings allow. The first workgroups own the
// first tensor, the others the second; within each a lane owns every 64th vec4 of its workgroup's run of 64 per.
// Needs adam-update.wgsl.

const WG: u32 = 64u;

struct Params {
  countA: u32, countB: u32, // vec4s
  groupsA: u32, // workgroups of the first tensor
  per: u32,
  beta1: f32, beta2: f32, rest1: f32, rest2: f32, rate: f32, unbias: f32, eps: f32, gradScale: f32,
}

@group(0) @binding(0) var<storage, read> gradA: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> paramA: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> mA: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> vA: array<vec4f>;
@group(0) @binding(4) var<storage, read> gradB: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> paramB: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> mB: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> vB: array<vec4f>;
@group(0) @binding(8) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group.y * groups.x + group.x;
  let run = WG * p.per;
  if (at < p.groupsA) {
    for (var i = at * run + lane; i < min((at + 1u) * run, p.countA); i += WG) {
      let next = adamUpdate(paramA[i], p.gradScale * gradA[i], mA[i], vA[i]);
      paramA[i] = next.param;
      mA[i] = next.m;
      vA[i] = next.v;
    }
    return;
  }
  let second = at - p.groupsA;
  for (var i = second * run + lane; i < min((second + 1u) * run, p.countB); i += WG) {
    let next = adamUpdate(paramB[i], p.gradScale * gradB[i], mB[i], vB[i]);
    paramB[i] = next.param;
    mB[i] = next.m;
    vB[i] = next.v;
  }
}
