// dx = dy f'(s), where s is what the op saved: its input or its output; lanes as in unary.wgsl.

const WG: u32 = 64u;
const IN_PLACE: bool = false; // dx holds dy, which is not read

struct Params { count: u32, per: u32 } // vec4s; rounds of a workgroup

@group(0) @binding(0) var<storage, read> s: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

fn df(s: vec4f) -> vec4f { return s; }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * WG * p.per + lane;
  let end = min(first + WG * p.per, p.count);
  for (var i = first; i < end; i += WG) {
    if (IN_PLACE) { dx[i] *= df(s[i]); } else { dx[i] = dy[i] * df(s[i]); }
  }
}
