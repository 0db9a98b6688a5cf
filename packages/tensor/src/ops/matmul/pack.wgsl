// Copies a batch of matrices, as they stand or transposed, into rows padded with zeros to whole vec4, cut into panels: the first
// `panel` vec4 of every row, then the next of every row, and so on. One panel as wide as the row keeps plain rows.
// A lane moves a block of 4 x 4 through registers. Blocks are numbered along the source's rows, so that neighbouring lanes read what
// lies side by side. Expects Elem, and four(): a part of a row of the source (pack-f32.wgsl, pack-vec4.wgsl).

const WG: u32 = 64u;
const TRANSPOSE: bool = false;

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
  // Lanes past the end do the last block again: no lane waits behind a branch, and all write the same.
  let i = min((group.y * groups.x + group.x) * WG + lane, p.batch * blocks - 1u);
  let batch = i / blocks;
  let at = i % blocks;
  let r = select(at / p.blockCols, at % p.blockRows, TRANSPOSE);
  let c = select(at % p.blockCols, at / p.blockRows, TRANSPOSE);
  // Rows of the source and their elements; four of each begin at `line` and at 4 * `part`.
  let lines = select(p.rows, p.cols, TRANSPOSE);
  let width = select(p.cols, p.rows, TRANSPOSE);
  let line = select(r, c, TRANSPOSE) * 4u;
  let part = select(c, r, TRANSPOSE);
  let base = batch * p.stride;
  var m = mat4x4f(
    four(base, line, lines, part, width),
    four(base, line + 1u, lines, part, width),
    four(base, line + 2u, lines, part, width),
    four(base, line + 3u, lines, part, width),
  );
  if (TRANSPOSE) { m = transpose(m); }
  let out = ((batch * (p.blockCols / p.panel) + c / p.panel) * p.blockRows * 4u + r * 4u) * p.panel + c % p.panel;
  y[out] = m[0];
  y[out + p.panel] = m[1];
  y[out + 2u * p.panel] = m[2];
  y[out + 3u * p.panel] = m[3];
}
