// y = x in another element type, four elements at a time; a lane owns every 64th vec4 of its workgroup's run of 64 per.
// f32 to f16 rounds to nearest; a float to an integer drops its fraction.

const WG: u32 = 64u;
alias In = vec4<f32>;
alias Out = vec4<f32>;

struct Params { count: u32, per: u32 }

@group(0) @binding(0) var<storage, read> x: array<In>;
@group(0) @binding(1) var<storage, read_write> y: array<Out>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * WG * p.per + lane;
  let end = min(first + WG * p.per, p.count);
  for (var i = first; i < end; i += WG) { y[i] = Out(x[i]); }
}
