// Copies a batch of matrices, as they stand or transposed, into rows padded with zeros to whole vec4, cut into panels: the first
// `panel` vec4 of every row, then the next of every row, and so on. One panel as wide as the row keeps plain rows.
// A lane moves a block of 4 x 4 through registers. Lanes are numbered along the source's rows, so that neighbours read what lies side
// by side, and without a division, which takes as long as the copy where lanes divide one by one (lavapipe, SwiftShader).
// Expects Elem, and four(): a part of a row of the source (pack-f32.wgsl, pack-vec4.wgsl).

const WX: u32 = 64u; // lanes of a workgroup along the source's rows, of 64
const TRANSPOSE: bool = false;

struct Params {
  rows: u32, // of the result
  cols: u32, // of the result, before padding
  blockRows: u32,
  blockCols: u32, // a multiple of a panel's width
  panel: u32, // vec4 in a panel's row
  shift: u32, // log2 of it; 31 for plain rows
  first: u32, // matrix of the batch
  stride: u32, // elements between matrices of the source
}

@group(0) @binding(0) var<storage, read> x: array<Elem>; // [batch, rows, cols], or [batch, cols, rows] if TRANSPOSE
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>; // [batch, blockCols / panel, blockRows * 4, panel]
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WX, 64u / WX)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let batch = p.first + id.z;
  // Lanes past the end do the last block again: no lane waits behind a branch, and all write the same.
  let r = min(select(id.y, id.x, TRANSPOSE), p.blockRows - 1u);
  let c = min(select(id.x, id.y, TRANSPOSE), p.blockCols - 1u);
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
  let rows = p.blockRows * 4u;
  let out = batch * rows * p.blockCols + ((c >> p.shift) * rows + r * 4u) * p.panel + (c & ((1u << p.shift) - 1u));
  y[out] = m[0];
  y[out + p.panel] = m[1];
  y[out + 2u * p.panel] = m[2];
  y[out + 3u * p.panel] = m[3];
}
