// SAM's windows, both ways: x [B, H, W, C] <-> windows [B, nh, nw, S, S, C], zeros where a window reaches over the bottom or
// right edge. One row of one window, S C elements, lies in one piece on both sides: a workgroup owns a part of such a row, so
// that all divisions are uniform. Elem is vec4u when C is a multiple of four; bits are copied as they are.

const WG: u32 = 64u;
const BACK: bool = false; // windows -> x
alias Elem = u32;

struct Params {
  rows: u32, // B nh nw S
  parts: u32, // workgroups of a row
  part: u32, // elements of a part
  h: u32, w: u32, c: u32, // sizes of the image; c in Elem
  nh: u32, nw: u32, // windows
  side: u32, // S
}

@group(0) @binding(0) var<storage, read> x: array<Elem>;
@group(0) @binding(1) var<storage, read_write> y: array<Elem>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group.y * groups.x + group.x;
  let row = at / p.parts;
  if (row >= p.rows) { return; }
  let window = row / p.side;
  let line = ((window / p.nw) % p.nh) * p.side + row % p.side;
  let column = (window % p.nw) * p.side;
  let image = (((window / (p.nw * p.nh)) * p.h + line) * p.w + column) * p.c;
  let inside = select(0u, min(p.side, p.w - column) * p.c, line < p.h);
  let whole = p.side * p.c;
  let first = (at % p.parts) * p.part + lane;
  if (BACK) {
    for (var i = first; i < min(first - lane + p.part, inside); i += WG) { y[image + i] = x[row * whole + i]; }
    return;
  }
  for (var i = first; i < min(first - lane + p.part, whole); i += WG) {
    var v = Elem();
    if (i < inside) { v = x[image + i]; }
    y[row * whole + i] = v;
  }
}
