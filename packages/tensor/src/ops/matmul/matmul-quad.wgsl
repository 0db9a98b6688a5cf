enable subgroups;
// c = a . b (+ bias) for adapters whose subgroups are one quad (SwiftShader): a subgroup owns 16 rows x 16 columns (kernel/lib/quad.wgsl),
// and `finish` writes them (quad-vec4.wgsl, quad-f32.wgsl).

alias Elem = f32; // of bias and c
const TA: bool = false; // a is stored [k, m]
const TB: bool = false; // b is stored [n, k]

struct Params {
  m: u32, n: u32,
  steps: u32, // fours of k
  rowA: u32, rowB: u32, // row lengths as stored, in vec4
  strideA: u32, strideB: u32, // between matrices in vec4; 0 when shared
  tilesM: u32,
  tiles: u32, // batch * tilesM
  alpha: f32,
  bias: u32, // 0 none, 1 a value per column, 2 a value per row
  act: u32, // 0 none, 1 relu, 2 gelu
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>; // [batch, m, steps * 4], or [batch, steps * 4, m]
@group(0) @binding(1) var<storage, read> b: array<vec4f>; // [batch, steps * 4, n], or [batch, n, steps * 4]
@group(0) @binding(2) var<storage, read> bias: array<Elem>; // [n], or [m] if p.bias is 2
@group(0) @binding(3) var<storage, read_write> c: array<Elem>; // [batch, m, n]
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  // No early return: after one, every load and sum would run under a mask. A workgroup past the end repeats the last tile, unwritten.
  let at = group.z * groups.y + group.y;
  let tile = min(at, p.tiles - 1u);
  let batch = tile / p.tilesM;
  let row = (tile % p.tilesM) * 16u;
  let col = group.x * 16u + lane * 4u;
  let operands = Operands(
    batch * p.strideA, p.rowA, select(p.m, p.rowA, TA) - 1u, batch * p.strideB, p.rowB, select(p.rowB, p.n, TB) - 1u, p.steps, p.steps * 4u - 1u,
  );
  let q = quadProduct(operands, row, col, lane);
  if (at < p.tiles && col < p.n) { finish(q, batch, row, col, lane); }
}
