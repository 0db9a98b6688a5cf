// y = x, four vec4 a lane, a quarter of the array apart: fewer, longer lanes suit adapters that run lanes as loops.

struct Params { count: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let part = p.count / 4u;
  if (i >= part) { return; }
  y[i] = x[i];
  y[i + part] = x[i + part];
  y[i + 2u * part] = x[i + 2u * part];
  y[i + 3u * part] = x[i + 3u * part];
}
