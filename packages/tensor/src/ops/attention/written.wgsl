// What the products of attention whose scores are written out share: their scalars, bindings and ends. Scores are there for a piece of all
// heads and queries at a time. Matrix i of a launch is head first + i.

const END: u32 = 0u; // 0 plain; 1 divided by the row's sum; 2 scores; 3 weights; 4 gradients of scores
const REL: bool = false; // scores and weights: adds bias[row, kh] + bias[row, hp + kw]

struct Params {
  heads: u32, // of an image
  first: u32, // head of the first matrix
  m: u32, n: u32, // rows and columns that are written
  steps: u32, lastK: u32,
  aStart: u32, aBatch: u32, aHead: u32, aEach: u32, aRow: u32, aLast: u32, // in vec4; a tensor has batch and head, a piece of scores each
  bStart: u32, bBatch: u32, bHead: u32, bEach: u32, bRow: u32, bLast: u32,
  cStart: u32, cBatch: u32, cHead: u32, cEach: u32, cRow: u32,
  tilesM: u32,
  tiles: u32, // matrices * tilesM, times the parts that the terms are cut into
  alpha: f32,
  add: u32, // 1 adds to what is there
  query: u32, nq: u32, np: u32, // first query of the piece; queries; rows of stats
  second: u32, // where the sums of dy * y start in stats
  nk: u32, w: u32, // keys; keys per grid row
  hp: u32, biasRow: u32, // where the kw part of a bias row starts; its length
  matrices: u32, chunk: u32, cChunk: u32, // of a launch; terms of a part, and vec4 between the results of parts
  four: u32, bk: u32, // 4 and the tile's steps, as numbers that no compiler unrolls loops by
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<f32>; // [B * A, N, biasRow]
@group(0) @binding(3) var<storage, read> stats: array<f32>; // 1: sums [matrices, m]; 3 and 4: [2, B * A, np], log-sum-exp and sum of dy * y
@group(0) @binding(4) var<storage, read> weights: array<vec4f>; // 4: as c
@group(0) @binding(5) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(6) var<uniform> p: Params;

// Ends four columns of row `r`, which begin at `col` and are written from `out` on.
fn finish(sum: vec4f, r: u32, matrix: u32, out: u32, col: u32) {
  if (r >= p.m) { return; }
  let at = out + r * p.cRow;
  let key = vec4u(col, col + 1u, col + 2u, col + 3u);
  var v = sum * p.alpha;
  if (REL && (END == 2u || END == 3u)) {
    let bi = ((p.first + matrix) * p.nq + min(p.query + r, p.nq - 1u)) * p.biasRow;
    let kh = key / p.w;
    let kw = key % p.w + p.hp;
    v += vec4f(bias[bi + kh.x], bias[bi + kh.y], bias[bi + kh.z], bias[bi + kh.w]);
    v += vec4f(bias[bi + kw.x], bias[bi + kw.y], bias[bi + kw.z], bias[bi + kw.w]);
  }
  let stat = (p.first + matrix) * p.np + p.query + r;
  if (END == 0u) { if (p.add == 1u) { v += c[at]; } }
  if (END == 1u) { v /= stats[matrix * p.m + r]; }
  if (END == 3u) { v = select(exp(v - stats[stat]), vec4f(), key >= vec4u(p.nk)); } // columns of padding weigh nothing
  if (END == 4u) { v = weights[at] * (v - stats[p.second + stat]); }
  c[at] = v;
}
