enable subgroups;
// c = a . b (+ bias) for adapters whose subgroups are one quad (SwiftShader). A subgroup owns 16 rows x 16 columns. Each lane loads four
// rows of a and four columns of b; it keeps its columns, while its rows visit the other lanes by swaps, which are one instruction where
// a broadcast is sixteen. Sum si_x of a lane is row i of lane ^ x. Both operands are read as they lie, transposed or not.
// Each sum takes its four products in a row, so that two registers do and it is loaded and stored once per four steps.

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
@group(0) @binding(2) var<storage, read> bias: array<f32>; // [n], or [m] if p.bias is 2
@group(0) @binding(3) var<storage, read_write> c: array<f32>; // [batch, m, n]
@group(0) @binding(4) var<uniform> p: Params;

// Four columns of a row: s + y0 b0 + y1 b1 + y2 b2 + y3 b3, one column after the other.
fn mix(y: vec4f, b: mat4x4f, s: vec4f) -> vec4f {
  return vec4f(
    fma(y.w, b[3].x, fma(y.z, b[2].x, fma(y.y, b[1].x, fma(y.x, b[0].x, s.x)))),
    fma(y.w, b[3].y, fma(y.z, b[2].y, fma(y.y, b[1].y, fma(y.x, b[0].y, s.y)))),
    fma(y.w, b[3].z, fma(y.z, b[2].z, fma(y.y, b[1].z, fma(y.x, b[0].z, s.z)))),
    fma(y.w, b[3].w, fma(y.z, b[2].w, fma(y.y, b[1].w, fma(y.x, b[0].w, s.w)))),
  );
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  // No early return: after one, every load and sum would run under a mask. A workgroup past the end repeats the last tile, unwritten.
  let at = group.z * groups.y + group.y;
  let tile = min(at, p.tiles - 1u);
  let batch = tile / p.tilesM;
  let row = (tile % p.tilesM) * 16u;
  let col = group.x * 16u + lane * 4u;
  // Where this lane's four rows and columns start, and how far it is to the next four steps of k.
  var ai = vec4u(batch * p.strideA);
  var bi = vec4u(batch * p.strideB);
  let four = vec4u(0u, 1u, 2u, 3u);
  if (TA) { ai += min(row / 4u + lane, p.rowA - 1u) + four * p.rowA; } else { ai += min(row + lane * 4u + four, vec4u(p.m - 1u)) * p.rowA; }
  if (TB) { bi += min(col + four, vec4u(p.n - 1u)) * p.rowB; } else { bi += min(col / 4u, p.rowB - 1u) + four * p.rowB; }
  let nextA = select(1u, 4u * p.rowA, TA);
  let nextB = select(4u * p.rowB, 1u, TB);
  var s0_0 = vec4f(); var s0_1 = vec4f(); var s0_2 = vec4f(); var s0_3 = vec4f();
  var s1_0 = vec4f(); var s1_1 = vec4f(); var s1_2 = vec4f(); var s1_3 = vec4f();
  var s2_0 = vec4f(); var s2_1 = vec4f(); var s2_2 = vec4f(); var s2_3 = vec4f();
  var s3_0 = vec4f(); var s3_1 = vec4f(); var s3_2 = vec4f(); var s3_3 = vec4f();
  for (var step = 0u; step < p.steps; step++) {
    var x = mat4x4f(a[ai.x], a[ai.y], a[ai.z], a[ai.w]); // rows
    var y = mat4x4f(b[bi.x], b[bi.y], b[bi.z], b[bi.w]); // steps of k
    if (TA) { x = transpose(x); }
    if (TB) { y = transpose(y); }
    s0_0 = mix(x[0], y, s0_0); s0_1 = mix(quadSwapX(x[0]), y, s0_1);
    s0_2 = mix(quadSwapY(x[0]), y, s0_2); s0_3 = mix(quadSwapDiagonal(x[0]), y, s0_3);
    s1_0 = mix(x[1], y, s1_0); s1_1 = mix(quadSwapX(x[1]), y, s1_1);
    s1_2 = mix(quadSwapY(x[1]), y, s1_2); s1_3 = mix(quadSwapDiagonal(x[1]), y, s1_3);
    s2_0 = mix(x[2], y, s2_0); s2_1 = mix(quadSwapX(x[2]), y, s2_1);
    s2_2 = mix(quadSwapY(x[2]), y, s2_2); s2_3 = mix(quadSwapDiagonal(x[2]), y, s2_3);
    s3_0 = mix(x[3], y, s3_0); s3_1 = mix(quadSwapX(x[3]), y, s3_1);
    s3_2 = mix(quadSwapY(x[3]), y, s3_2); s3_3 = mix(quadSwapDiagonal(x[3]), y, s3_3);
    ai += nextA;
    bi += nextB;
  }
  if (at >= p.tiles || col >= p.n) { return; }
  let out = batch * p.m * p.n;
  // One loop over a copy keeps the code small: so many inlined epilogues take long to compile.
  var rows = array<vec4f, 16>(s0_0, s0_1, s0_2, s0_3, s1_0, s1_1, s1_2, s1_3, s2_0, s2_1, s2_2, s2_3, s3_0, s3_1, s3_2, s3_3);
  for (var i = 0u; i < 16u; i++) { put(row + (lane ^ (i % 4u)) * 4u + i / 4u, col, out, rows[i]); }
}
