// y = x with zeros around it. A lane owns every 64th element of its workgroup's run of 64 per; it reads x where its coordinates
// fall inside and writes every element of y once. Elem is vec4u when borders and rows are whole vec4.

const WG: u32 = 64u;
const RANK: u32 = 6u; // dimensions in use, counted from the innermost
alias Elem = u32;

struct Params {
  count: u32, // elements of y
  per: u32, // rounds of a workgroup
  d0: u32, d1: u32, d2: u32, d3: u32, d4: u32, d5: u32, // sizes of y; d5 is the innermost
  n0: u32, n1: u32, n2: u32, n3: u32, n4: u32, n5: u32, // sizes of x
  b0: u32, b1: u32, b2: u32, b3: u32, b4: u32, b5: u32, // zeros before x
}

@group(0) @binding(0) var<storage, read> x: array<Elem>;
@group(0) @binding(1) var<storage, read_write> y: array<Elem>;
@group(0) @binding(2) var<uniform> p: Params;

const OUTSIDE: u32 = 0xffffffffu;

// where y's element i lies in x; a coordinate before x wraps to a huge number
fn source(i: u32) -> u32 {
  var rest = i / p.d5;
  var c = i - rest * p.d5 - p.b5;
  var inside = c < p.n5;
  var at = c;
  if (RANK > 1u) { let q = rest / p.d4; c = rest - q * p.d4 - p.b4; inside = inside && c < p.n4; at += c * p.n5; rest = q; }
  if (RANK > 2u) { let q = rest / p.d3; c = rest - q * p.d3 - p.b3; inside = inside && c < p.n3; at += c * p.n4 * p.n5; rest = q; }
  if (RANK > 3u) { let q = rest / p.d2; c = rest - q * p.d2 - p.b2; inside = inside && c < p.n2; at += c * p.n3 * p.n4 * p.n5; rest = q; }
  if (RANK > 4u) { let q = rest / p.d1; c = rest - q * p.d1 - p.b1; inside = inside && c < p.n1; at += c * p.n2 * p.n3 * p.n4 * p.n5; rest = q; }
  if (RANK > 5u) { c = rest - p.b0; inside = inside && c < p.n0; at += c * p.n1 * p.n2 * p.n3 * p.n4 * p.n5; }
  return select(OUTSIDE, at, inside);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * WG * p.per + lane;
  let end = min(first + WG * p.per, p.count);
  for (var i = first; i < end; i += WG) {
    let at = source(i);
    var v = Elem();
    if (at != OUTSIDE) { v = x[at]; }
    y[i] = v;
  }
}
