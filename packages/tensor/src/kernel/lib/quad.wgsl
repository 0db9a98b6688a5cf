// 16 rows x 16 columns of a product in a subgroup of one quad (SwiftShader). Each lane loads four rows of a and four columns of b; it
// keeps its columns, while its rows visit the other lanes by swaps, which are one instruction where a broadcast is sixteen.
// Both operands are read as they lie, transposed or not. Expects a and b, array<vec4f>, and the constants TA and TB.

// Where the operands of a product lie, in vec4: a [rows, steps * 4], or [steps * 4, rows] with TA; b [steps * 4, columns], or
// [columns, steps * 4] with TB. Vec4 and rows past `last` are read as the last.
struct Operands {
  a: u32, rowA: u32, lastA: u32, // start, row length, last row (with TA the last vec4 of rows)
  b: u32, rowB: u32, lastB: u32, // start, row length, last vec4 of columns (with TB the last column)
  steps: u32, // fours of terms
  lastK: u32, // last term that b has, without TB
}

// Sum si_x of a lane is row 4 (lane ^ x) + i of the tile and the lane's four columns.
struct Quad {
  s0_0: vec4f, s0_1: vec4f, s0_2: vec4f, s0_3: vec4f, s1_0: vec4f, s1_1: vec4f, s1_2: vec4f, s1_3: vec4f,
  s2_0: vec4f, s2_1: vec4f, s2_2: vec4f, s2_3: vec4f, s3_0: vec4f, s3_1: vec4f, s3_2: vec4f, s3_3: vec4f,
}

// Four columns of a row: s + b3 y3 + b2 y2 + b1 y1 + b0 y0, one column after the other: two registers do, and a sum is loaded and stored
// once per four terms. Which factor comes first, the order of the terms and that of the swaps were chosen by measurement: they decide
// what SwiftShader's compiler keeps in registers (0003-products.md).
fn mixColumns(y: vec4f, b: mat4x4f, s: vec4f) -> vec4f {
  return vec4f(
    fma(b[0].x, y.x, fma(b[1].x, y.y, fma(b[2].x, y.z, fma(b[3].x, y.w, s.x)))),
    fma(b[0].y, y.x, fma(b[1].y, y.y, fma(b[2].y, y.z, fma(b[3].y, y.w, s.y)))),
    fma(b[0].z, y.x, fma(b[1].z, y.y, fma(b[2].z, y.z, fma(b[3].z, y.w, s.z)))),
    fma(b[0].w, y.x, fma(b[1].w, y.y, fma(b[2].w, y.z, fma(b[3].w, y.w, s.w)))),
  );
}

// The tile that begins at `row`, and at `col` in this lane.
fn quadProduct(o: Operands, row: u32, col: u32, lane: u32) -> Quad {
  let four = vec4u(0u, 1u, 2u, 3u);
  var ai = vec4u(o.a);
  if (TA) { ai += min(row / 4u + lane, o.lastA) + four * o.rowA; } else { ai += min(row + lane * 4u + four, vec4u(o.lastA)) * o.rowA; }
  let nextA = select(1u, 4u * o.rowA, TA);
  let bi = select(vec4u(o.b + min(col / 4u, o.lastB)), o.b + min(col + four, vec4u(o.lastB)) * o.rowB, TB);
  var s0_0 = vec4f(); var s0_1 = vec4f(); var s0_2 = vec4f(); var s0_3 = vec4f();
  var s1_0 = vec4f(); var s1_1 = vec4f(); var s1_2 = vec4f(); var s1_3 = vec4f();
  var s2_0 = vec4f(); var s2_1 = vec4f(); var s2_2 = vec4f(); var s2_3 = vec4f();
  var s3_0 = vec4f(); var s3_1 = vec4f(); var s3_2 = vec4f(); var s3_3 = vec4f();
  for (var step = 0u; step < o.steps; step++) {
    let j = bi + select(min(step * 4u + four, vec4u(o.lastK)) * o.rowB, vec4u(step), TB);
    var x = mat4x4f(a[ai.x], a[ai.y], a[ai.z], a[ai.w]); // rows
    var y = mat4x4f(b[j.x], b[j.y], b[j.z], b[j.w]); // terms
    if (TA) { x = transpose(x); }
    if (TB) { y = transpose(y); }
    s0_1 = mixColumns(quadSwapX(x[0]), y, s0_1); s0_2 = mixColumns(quadSwapY(x[0]), y, s0_2);
    s0_3 = mixColumns(quadSwapDiagonal(x[0]), y, s0_3); s0_0 = mixColumns(x[0], y, s0_0);
    s1_1 = mixColumns(quadSwapX(x[1]), y, s1_1); s1_2 = mixColumns(quadSwapY(x[1]), y, s1_2);
    s1_3 = mixColumns(quadSwapDiagonal(x[1]), y, s1_3); s1_0 = mixColumns(x[1], y, s1_0);
    s2_1 = mixColumns(quadSwapX(x[2]), y, s2_1); s2_2 = mixColumns(quadSwapY(x[2]), y, s2_2);
    s2_3 = mixColumns(quadSwapDiagonal(x[2]), y, s2_3); s2_0 = mixColumns(x[2], y, s2_0);
    s3_1 = mixColumns(quadSwapX(x[3]), y, s3_1); s3_2 = mixColumns(quadSwapY(x[3]), y, s3_2);
    s3_3 = mixColumns(quadSwapDiagonal(x[3]), y, s3_3); s3_0 = mixColumns(x[3], y, s3_0);
    ai += nextA;
  }
  return Quad(s0_0, s0_1, s0_2, s0_3, s1_0, s1_1, s1_2, s1_3, s2_0, s2_1, s2_2, s2_3, s3_0, s3_1, s3_2, s3_3);
}

// The sums of a tile, s0_0 to s3_3, to loop over.
fn quadSums(q: Quad) -> array<vec4f, 16> {
  return array<vec4f, 16>(
    q.s0_0, q.s0_1, q.s0_2, q.s0_3, q.s1_0, q.s1_1, q.s1_2, q.s1_3,
    q.s2_0, q.s2_1, q.s2_2, q.s2_3, q.s3_0, q.s3_1, q.s3_2, q.s3_3,
  );
}

// The row of the tile that sum si_x of a lane belongs to.
fn quadRow(i: u32, x: u32, lane: u32) -> u32 { return (lane ^ x) * 4u + i; }
