// y = f(a, b) for equal shapes, four elements at a time. A lane owns every 64th vec4 of its workgroup's run.

const WG: u32 = 64u;

struct Params { count: u32, per: u32 } // vec4s; rounds of a workgroup

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

fn f(a: vec4f, b: vec4f) -> vec4f { return a; }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * WG * p.per + lane;
  let end = min(first + WG * p.per, p.count);
  for (var i = first; i < end; i += WG) { y[i] = f(a[i], b[i]); }
}
