// y = f(a, b) with broadcasting where both operands run along the innermost dimension: everything in vec4, sizes and strides too.
// A lane owns every 64th vec4 of its workgroup's run.

const WG: u32 = 64u;

struct Params {
  count: u32, per: u32, // vec4s; rounds of a workgroup
  d1: u32, d2: u32, d3: u32, // sizes of the inner dimensions
  a0: u32, a1: u32, a2: u32,
  b0: u32, b1: u32, b2: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

fn f(a: vec4f, b: vec4f) -> vec4f { return a; }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * WG * p.per + lane;
  let end = min(first + WG * p.per, p.count);
  for (var i = first; i < end; i += WG) {
    let row = i / p.d3;
    let c3 = i - row * p.d3;
    let c2 = row % p.d2;
    let c1 = (row / p.d2) % p.d1;
    let c0 = row / (p.d2 * p.d1);
    y[i] = f(a[c0 * p.a0 + c1 * p.a1 + c2 * p.a2 + c3], b[c0 * p.b0 + c1 * p.b1 + c2 * p.b2 + c3]);
  }
}
