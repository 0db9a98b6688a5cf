// As pack.wgsl, for a source whose rows are whole vec4: a block of 4 x 4 is four loads instead of sixteen, and nothing branches.
// Blocks are numbered along the source's rows, so that neighbouring lanes read what lies side by side.

const WG: u32 = 64u;
const TRANSPOSE: bool = false;
alias Elem = vec4f;

struct Params {
  batch: u32,
  rows: u32, // of the result
  cols: u32, // of the result, before padding
  blockRows: u32,
  blockCols: u32, // a multiple of panel
  panel: u32, // vec4 of a panel's row
  stride: u32, // elements between matrices of the source
}

@group(0) @binding(0) var<storage, read> x: array<Elem>; // [batch, rows, cols], or [batch, cols, rows] if TRANSPOSE
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>; // [batch, blockCols / panel, blockRows * 4, panel]
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let blocks = p.blockRows * p.blockCols;
  let count = p.batch * blocks;
  // Lanes past the end do the last block again: no lane waits behind a branch, and all write the same.
  let i = min((group.y * groups.x + group.x) * WG + lane, count - 1u);
  let batch = i / blocks;
  let at = i % blocks;
  let r = select(at / p.blockCols, at % p.blockRows, TRANSPOSE);
  let c = select(at % p.blockCols, at / p.blockRows, TRANSPOSE);
  // rows of the source, and vec4 in one
  let lines = select(p.rows, p.cols, TRANSPOSE);
  let width = select(p.cols, p.rows, TRANSPOSE) / 4u;
  let line = select(r, c, TRANSPOSE) * 4u;
  let part = select(c, r, TRANSPOSE);
  let inside = select(0.0, 1.0, part < width);
  let start = batch * (p.stride / 4u) + min(part, width - 1u);
  var m = mat4x4f(
    vec4f(x[start + min(line, lines - 1u) * width]) * select(0.0, inside, line < lines),
    vec4f(x[start + min(line + 1u, lines - 1u) * width]) * select(0.0, inside, line + 1u < lines),
    vec4f(x[start + min(line + 2u, lines - 1u) * width]) * select(0.0, inside, line + 2u < lines),
    vec4f(x[start + min(line + 3u, lines - 1u) * width]) * select(0.0, inside, line + 3u < lines),
  );
  if (TRANSPOSE) { m = transpose(m); }
  let out = ((batch * (p.blockCols / p.panel) + c / p.panel) * p.blockRows * 4u + r * 4u) * p.panel + c % p.panel;
  y[out] = m[0];
  y[out + p.panel] = m[1];
  y[out + 2u * p.panel] = m[2];
  y[out + 3u * p.panel] = m[3];
}
