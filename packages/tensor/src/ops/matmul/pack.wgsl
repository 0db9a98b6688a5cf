// Copies a batch of matrices, as they stand or transposed, into rows padded with zeros to whole vec4, cut into panels: the first
// `panel` vec4 of every row, then the next of every row, and so on. One panel as wide as the row keeps plain rows.
// One lane writes a block of 4 rows x 4 columns: 16 guarded reads, four vec4 writes.

const WG: u32 = 64u;
const TRANSPOSE: bool = false;
alias Elem = f32;

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

fn at(base: u32, r: u32, c: u32) -> f32 {
  if (r >= p.rows || c >= p.cols) { return 0.0; }
  if (TRANSPOSE) { return f32(x[base + c * p.rows + r]); }
  return f32(x[base + r * p.cols + c]);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * WG + lane;
  if (i >= p.batch * p.blockRows * p.blockCols) { return; }
  let b = i / (p.blockRows * p.blockCols);
  let r = (i / p.blockCols) % p.blockRows;
  let c = i % p.blockCols;
  let base = b * p.stride;
  for (var k = 0u; k < 4u; k++) {
    let row = r * 4u + k;
    y[((b * (p.blockCols / p.panel) + c / p.panel) * p.blockRows * 4u + row) * p.panel + c % p.panel] =
      vec4f(at(base, row, c * 4u), at(base, row, c * 4u + 1u), at(base, row, c * 4u + 2u), at(base, row, c * 4u + 3u));
  }
}
