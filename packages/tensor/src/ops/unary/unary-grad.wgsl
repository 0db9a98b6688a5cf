// dx = dy f'(s), where s is what the op saved: its input or its output.

const WG: u32 = 64u;

struct Params { count: u32, a: f32, b: f32 }

@group(0) @binding(0) var<storage, read> s: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

fn df(s: vec4f) -> vec4f { return s; }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i * 4u < p.count) { dx[i] = dy[i] * df(s[i]); }
}
