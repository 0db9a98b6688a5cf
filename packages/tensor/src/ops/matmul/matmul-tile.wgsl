// c = a . b (+ bias) for GPUs, on tiles in workgroup memory (kernel/lib/tile.wgsl).

alias ElemC = vec4f; // as c's rows allow
const LAST_R: u32 = select(R, 0xffffffffu, ROLLED);

struct Params {
  m: u32, n: u32, k: u32,
  strideA: u32, strideB: u32, // between matrices, in elements; 0 when shared
  tilesM: u32,
  tiles: u32, // batch * tilesM, or where this launch ends
  alpha: f32,
  bias: u32, // 0 none, 1 a value per column, 2 a value per row
  act: u32, // 0 none, 1 relu, 2 gelu
  four: u32, bk: u32, r: u32, // 4, BK and R, as numbers that no compiler unrolls loops by
  first: u32, // tile of this launch
}

@group(0) @binding(0) var<storage, read> a: array<ElemA>; // [batch, m, k], or [batch, k, m] if TA
@group(0) @binding(1) var<storage, read> b: array<ElemB>; // [batch, k, n], or [batch, n, k] if TB
@group(0) @binding(2) var<storage, read> bias: array<f32>; // [n], or [m] if p.bias is 2
@group(0) @binding(3) var<storage, read_write> c: array<ElemC>; // [batch, m, n]
@group(0) @binding(4) var<uniform> p: Params;

fn finish(row: u32, col: u32, base: u32, value: vec4f) {
  if (row >= p.m || col >= p.n) { return; }
  var v = value * p.alpha;
  if (p.bias == 1u) { v += vec4f(bias[col], bias[col + 1u], bias[col + 2u], bias[col + 3u]); }
  if (p.bias == 2u) { v += bias[row]; }
  store4(base + row * p.n + col, p.n - col, activate(v, p.act));
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = p.first + group.z * groups.y + group.y;
  if (tile >= p.tiles) { return; }
  let batch = tile / p.tilesM;
  let row = tile % p.tilesM * TM;
  let col = group.x * TN;
  let left = Operand(batch * p.strideA, select(p.k, p.m, TA), select(p.m, p.k, TA), select(p.k, p.m, TA));
  let right = Operand(batch * p.strideB, select(p.n, p.k, TB), select(p.k, p.n, TB), select(p.n, p.k, TB));
  let t = tileProduct(left, right, 0u, p.k, row, col, lane);
  let out = batch * p.m * p.n;
  let x = lane % COLS;
  let y = lane / COLS;
  var near = array<vec4f, 8>(t.c0, t.c1, t.c2, t.c3, t.c4, t.c5, t.c6, t.c7);
  var far = array<vec4f, 8>(t.d0, t.d1, t.d2, t.d3, t.d4, t.d5, t.d6, t.d7);
  // One loop keeps the code small: sixteen inlined epilogues take seconds to compile.
  for (var i = 0u; i < LAST_R; i++) {
    if (ROLLED && i == p.r) { break; }
    let r = row + y * 4u + i % 4u + i / 4u * (TM / 2u);
    finish(r, col + x * 4u, out, near[i]);
    if (R == 8u) { finish(r, col + TN / 2u + x * 4u, out, far[i]); }
  }
}
