// y[i] = x[base + sum of coordinate * stride]: any regular rearrangement of x, read wherever the strides say, written in order.
// A lane owns every 64th element of its workgroup's run of 64 per; a stride of 0 repeats an element. Bits are copied as they
// are. Elem is vec4u when whole vec4 move together.

const WG: u32 = 64u;
const RANK: u32 = 6u; // dimensions in use, counted from the innermost
alias Elem = u32;

struct Params {
  count: u32, // elements of y
  per: u32, // rounds of a workgroup
  base: u32,
  d1: u32, d2: u32, d3: u32, d4: u32, d5: u32, // sizes; d5 is the innermost
  s0: u32, s1: u32, s2: u32, s3: u32, s4: u32, s5: u32, // strides in x
}

@group(0) @binding(0) var<storage, read> x: array<Elem>;
@group(0) @binding(1) var<storage, read_write> y: array<Elem>;
@group(0) @binding(2) var<uniform> p: Params;

fn source(i: u32) -> u32 {
  var rest = i / p.d5;
  var at = p.base + (i - rest * p.d5) * p.s5;
  if (RANK == 1u) { return p.base + i * p.s5; }
  if (RANK > 2u) { let q = rest / p.d4; at += (rest - q * p.d4) * p.s4; rest = q; } else { return at + rest * p.s4; }
  if (RANK > 3u) { let q = rest / p.d3; at += (rest - q * p.d3) * p.s3; rest = q; } else { return at + rest * p.s3; }
  if (RANK > 4u) { let q = rest / p.d2; at += (rest - q * p.d2) * p.s2; rest = q; } else { return at + rest * p.s2; }
  if (RANK > 5u) { let q = rest / p.d1; at += (rest - q * p.d1) * p.s1; rest = q; } else { return at + rest * p.s1; }
  return at + rest * p.s0;
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * WG * p.per + lane;
  let end = min(first + WG * p.per, p.count);
  for (var i = first; i < end; i += WG) { y[i] = x[source(i)]; }
}
