// Copies x [outer, width] into y [outer, pitch] from column `offset` on. A lane owns every 64th element of its workgroup's run
// of 64 per. Bits are copied as they are; Elem is vec4u when widths, pitch and offset are whole vec4.

const WG: u32 = 64u;
alias Elem = u32;

struct Params { count: u32, per: u32, width: u32, pitch: u32, offset: u32 }

@group(0) @binding(0) var<storage, read> x: array<Elem>;
@group(0) @binding(1) var<storage, read_write> y: array<Elem>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * WG * p.per + lane;
  let end = min(first + WG * p.per, p.count);
  for (var i = first; i < end; i += WG) {
    let row = i / p.width;
    y[row * (p.pitch - p.width) + p.offset + i] = x[i];
  }
}
