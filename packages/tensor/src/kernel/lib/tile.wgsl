// A tile of TM rows x TN columns of a product, for GPUs: tiles of a and b are shared by a workgroup, products by registers. A lane owns
// R x R of the result as vec4: with R = 8 two groups of four rows and two of four columns, half a tile apart, so that
// neighbouring lanes read neighbouring vec4 of workgroup memory. Per step of BK a lane brings at most one block of 4 x 4 elements
// into registers (128-bit loads, two lanes to a 32-byte sector where a row runs along k) while the last step's products run; it
// is transposed there if need be, so both tiles lie with k outermost and operands stored transposed cost no copy.
// Traffic per tile and step: (TM + TN) BK elements for 2 TM TN BK operations. Sums run over k in order, in f32.
// Expects the bindings a, array<ElemA>, and b, array<ElemB>, and in p the numbers four (4) and bk (BK), which no compiler unrolls by.

const TM: u32 = 128u; // rows of a workgroup's tile
const TN: u32 = 128u; // columns
const BK: u32 = 8u; // steps of k held in workgroup memory
const R: u32 = 8u; // rows and columns of a lane: 8 or 4
const ROLLED: bool = false; // keeps loops: compiles in a fraction of the time, where speed is not the aim
const TA: bool = false; // a is stored [batch, k, m]
const TB: bool = false; // b is stored [batch, n, k]
const PARTA: u32 = 4u; // elements of an ElemA
const PARTB: u32 = 4u;
alias ElemA = vec4f; // vec4 where rows are whole vec4, else single elements
alias ElemB = vec4f;

const COLS: u32 = TN / R; // lanes side by side
const WG: u32 = TM / R * COLS;
const AV: u32 = TM / 4u; // vec4 of a line of the tile of a
const BV: u32 = TN / 4u;
const SA: u32 = AV + 1u; // one more than the line: an odd step spreads a transposed block over the banks
const SB: u32 = BV + 1u;
const BLOCKS_A: u32 = AV * BK / 4u;
const BLOCKS: u32 = BLOCKS_A + BV * BK / 4u; // at most WG
// Ends of loops, constants: loops up to a variable get a guard against running for ever. Rolled ones end by a break.
const LAST_E: u32 = select(4u, 0xffffffffu, ROLLED);
const LAST_K: u32 = select(BK, 0xffffffffu, ROLLED);

// How an operand is stored: where its matrix begins, the distance between its lines, their number, elements of a line; in elements.
struct Operand { base: u32, step: u32, lines: u32, size: u32 }
// Sums of a lane: rows 4 y to 4 y + 3 in c0 to c3 and, half a tile further, c4 to c7, of columns 4 x to 4 x + 3; in d0 to d7 those half a
// tile to the right, where y is lane / COLS and x the rest.
struct Tile {
  c0: vec4f, c1: vec4f, c2: vec4f, c3: vec4f, c4: vec4f, c5: vec4f, c6: vec4f, c7: vec4f,
  d0: vec4f, d1: vec4f, d2: vec4f, d3: vec4f, d4: vec4f, d5: vec4f, d6: vec4f, d7: vec4f,
}

var<workgroup> tileA: array<vec4f, BK * SA>; // [BK, TM]
var<workgroup> tileB: array<vec4f, BK * SB>; // [BK, TN]

// Four elements of a line, from `col` on; past the end others, which lie where they may be read. Without a branch, which a
// compiler would let wait for its load: all of a block's are on their way while the products run.
fn readA(line: u32, col: u32, o: Operand) -> vec4f {
  let start = o.base + min(line, o.lines - 1u) * o.step;
  if (PARTA == 4u) { return vec4f(a[(start + min(col, o.size - 4u)) / 4u]); }
  let at = start + min(vec4u(col, col + 1u, col + 2u, col + 3u), vec4u(o.size - 1u));
  return vec4f(vec4f(a[at.x]).x, vec4f(a[at.y]).x, vec4f(a[at.z]).x, vec4f(a[at.w]).x);
}

fn readB(line: u32, col: u32, o: Operand) -> vec4f {
  let start = o.base + min(line, o.lines - 1u) * o.step;
  if (PARTB == 4u) { return vec4f(b[(start + min(col, o.size - 4u)) / 4u]); }
  let at = start + min(vec4u(col, col + 1u, col + 2u, col + 3u), vec4u(o.size - 1u));
  return vec4f(vec4f(b[at.x]).x, vec4f(b[at.y]).x, vec4f(b[at.z]).x, vec4f(b[at.w]).x);
}

// Where block i of a tile lies, in fours: (along m or n, along k). Lanes run along what is contiguous in storage.
fn place(i: u32, width: u32, alongK: bool) -> vec2u {
  if (alongK) { return vec2u(i / 2u % width, i % 2u + i / (2u * width) * 2u); }
  return vec2u(i % width, i / width);
}

// Four lines of a block as they are stored.
fn fetchA(i: u32, row: u32, k: u32, o: Operand) -> mat4x4f {
  let at = vec2u(row, k) + 4u * place(i, AV, !TA);
  let l = select(at, at.yx, TA); // line, column
  return mat4x4f(readA(l.x, l.y, o), readA(l.x + 1u, l.y, o), readA(l.x + 2u, l.y, o), readA(l.x + 3u, l.y, o));
}

fn fetchB(i: u32, col: u32, k: u32, o: Operand) -> mat4x4f {
  let at = vec2u(col, k) + 4u * place(i, BV, TB);
  let l = select(at.yx, at, TB);
  return mat4x4f(readB(l.x, l.y, o), readB(l.x + 1u, l.y, o), readB(l.x + 2u, l.y, o), readB(l.x + 3u, l.y, o));
}

// The lane's block of the tiles that begin at step k, of a or of b. In two steps: joined in one they would meet in copies, which wait.
fn fetch(lane: u32, row: u32, col: u32, k: u32, left: Operand, right: Operand, before: mat4x4f) -> mat4x4f {
  var block = before;
  if (lane < BLOCKS_A) { block = fetchA(lane, row, k, left); }
  if (lane >= BLOCKS_A) { block = fetchB(min(lane, BLOCKS - 1u) - BLOCKS_A, col, k, right); }
  return block;
}

// Puts a block into its tile, lines along k; steps from `end` on are zeros. `k` is the tile's first step.
fn stage(i: u32, block: mat4x4f, k: u32, end: u32) {
  if (i < BLOCKS_A) {
    let at = place(i, AV, !TA);
    var lines = block;
    if (!TA) { lines = transpose(block); }
    for (var e = 0u; e < LAST_E; e++) {
      if (ROLLED && e == p.four) { break; }
      tileA[(at.y * 4u + e) * SA + at.x] = select(vec4f(), lines[e], k + at.y * 4u + e < end);
    }
  } else if (i < BLOCKS) {
    let at = place(i - BLOCKS_A, BV, TB);
    var lines = block;
    if (TB) { lines = transpose(block); }
    for (var e = 0u; e < LAST_E; e++) {
      if (ROLLED && e == p.four) { break; }
      tileB[(at.y * 4u + e) * SB + at.x] = select(vec4f(), lines[e], k + at.y * 4u + e < end);
    }
  }
}

// The tile at `row` and `col` of a product over the steps from `begin`, a multiple of four, to `end`.
fn tileProduct(left: Operand, right: Operand, begin: u32, end: u32, row: u32, col: u32, lane: u32) -> Tile {
  let x = lane % COLS; // this lane's vec4 column, and vec4 row, of the tile
  let y = lane / COLS;
  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  var c4 = vec4f(); var c5 = vec4f(); var c6 = vec4f(); var c7 = vec4f();
  var d0 = vec4f(); var d1 = vec4f(); var d2 = vec4f(); var d3 = vec4f();
  var d4 = vec4f(); var d5 = vec4f(); var d6 = vec4f(); var d7 = vec4f();
  var next = fetch(lane, row, col, begin, left, right, mat4x4f());
  for (var at = begin; at < end; at += BK) {
    workgroupBarrier(); // the last step's products have been read
    stage(lane, next, at, end);
    workgroupBarrier();
    next = fetch(lane, row, col, at + BK, left, right, next);
    for (var k = 0u; k < LAST_K; k++) {
      if (ROLLED && k == p.bk) { break; }
      let u = tileA[k * SA + y];
      let v = tileB[k * SB + x];
      c0 = fma(vec4f(u.x), v, c0); c1 = fma(vec4f(u.y), v, c1);
      c2 = fma(vec4f(u.z), v, c2); c3 = fma(vec4f(u.w), v, c3);
      if (R == 8u) {
        let w = tileA[k * SA + AV / 2u + y];
        let z = tileB[k * SB + BV / 2u + x];
        d0 = fma(vec4f(u.x), z, d0); d1 = fma(vec4f(u.y), z, d1);
        d2 = fma(vec4f(u.z), z, d2); d3 = fma(vec4f(u.w), z, d3);
        c4 = fma(vec4f(w.x), v, c4); c5 = fma(vec4f(w.y), v, c5);
        c6 = fma(vec4f(w.z), v, c6); c7 = fma(vec4f(w.w), v, c7);
        d4 = fma(vec4f(w.x), z, d4); d5 = fma(vec4f(w.y), z, d5);
        d6 = fma(vec4f(w.z), z, d6); d7 = fma(vec4f(w.w), z, d7);
      }
    }
  }
  return Tile(c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7);
}
