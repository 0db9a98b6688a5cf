// SAM's windows, both ways: x [B, H, W, C] <-> windows [B, nh, nw, S, S, C], zeros where a window reaches over the bottom or
// right edge. A lane owns every 64th element of the output, in order: it writes each once and reads each inner one once.
// Elem is vec4u when C is a multiple of four; bits are copied as they are.

const WG: u32 = 64u;
const BACK: bool = false; // windows -> x
alias Elem = u32;

struct Params {
  count: u32, // elements of y
  per: u32, // rounds of a workgroup
  h: u32, w: u32, c: u32, // sizes of the image; c in Elem
  nh: u32, nw: u32, // windows
  side: u32, // S
}

@group(0) @binding(0) var<storage, read> x: array<Elem>;
@group(0) @binding(1) var<storage, read_write> y: array<Elem>;
@group(0) @binding(2) var<uniform> p: Params;

fn toWindows(i: u32) -> Elem {
  var rest = i / p.c;
  let c = i - rest * p.c;
  let dx = rest % p.side;
  rest /= p.side;
  let dy = rest % p.side;
  rest /= p.side;
  let col = (rest % p.nw) * p.side + dx;
  rest /= p.nw;
  let row = (rest % p.nh) * p.side + dy;
  let b = rest / p.nh;
  var v = Elem();
  if (row < p.h && col < p.w) { v = x[((b * p.h + row) * p.w + col) * p.c + c]; }
  return v;
}

fn fromWindows(i: u32) -> Elem {
  var rest = i / p.c;
  let c = i - rest * p.c;
  let col = rest % p.w;
  rest /= p.w;
  let row = rest % p.h;
  let b = rest / p.h;
  let wy = row / p.side;
  let wx = col / p.side;
  let inside = (row - wy * p.side) * p.side + col - wx * p.side;
  return x[((((b * p.nh + wy) * p.nw + wx) * p.side * p.side) + inside) * p.c + c];
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * WG * p.per + lane;
  let end = min(first + WG * p.per, p.count);
  for (var i = first; i < end; i += WG) {
    if (BACK) { y[i] = fromWindows(i); } else { y[i] = toWindows(i); }
  }
}
