import { defineKernel, spread } from "../../kernel/define-kernel";
import { empty, type Tensor } from "../../tensor/tensor";
import biasGradWgsl from "./attention-bias-grad.wgsl";
import sumPartsWgsl from "./attention-sum-parts.wgsl";
import type { GradTensors, Heads, Strides } from "./heads";
import type { BiasLayout } from "./rel-pos";

// Attention by products whose scores are written out, some heads and queries at a time: which pieces, what their products read and
// write, and the gradients. What runs a product is the family's part (quad.ts, tile-grad.ts).

/** How a product ends: END of the kernels. */
export const END = { plain: 0, divided: 1, scores: 2, weights: 3, scoreGrads: 4 } as const;

/** Tunables of the products that gradients have. */
export const gradVariants = () => [
  { TA: false, TB: false, END: END.plain, REL: false },
  { TA: true, TB: false, END: END.plain, REL: false },
  ...[false, true].map((REL) => ({ TA: false, TB: true, END: END.weights, REL })),
  { TA: false, TB: true, END: END.scoreGrads, REL: false },
];

/** Scalars of `written.wgsl`. */
export const writtenUniforms = {
  heads: "u32",
  first: "u32",
  m: "u32",
  n: "u32",
  steps: "u32",
  lastK: "u32",
  aStart: "u32",
  aBatch: "u32",
  aHead: "u32",
  aEach: "u32",
  aRow: "u32",
  aLast: "u32",
  bStart: "u32",
  bBatch: "u32",
  bHead: "u32",
  bEach: "u32",
  bRow: "u32",
  bLast: "u32",
  cStart: "u32",
  cBatch: "u32",
  cHead: "u32",
  cEach: "u32",
  cRow: "u32",
  tilesM: "u32",
  tiles: "u32",
  alpha: "f32",
  add: "u32",
  query: "u32",
  nq: "u32",
  np: "u32",
  second: "u32",
  nk: "u32",
  w: "u32",
  hp: "u32",
  biasRow: "u32",
  matrices: "u32",
  chunk: "u32",
  cChunk: "u32",
  four: "u32",
  bk: "u32",
} as const;

export const attentionBiasGradKernel = /* @__PURE__ */ defineKernel({
  name: "attention-bias-grad",
  source: [biasGradWgsl],
  params: { WG: [64], WHOLE: [false, true] },
  uniforms: {
    count: "u32",
    m: "u32",
    each: "u32",
    row: "u32",
    h: "u32",
    w: "u32",
    hp: "u32",
    biasRow: "u32",
    start: "u32",
    startEach: "u32",
  },
});

export const attentionSumPartsKernel = /* @__PURE__ */ defineKernel({
  name: "attention-sum-parts",
  source: [sumPartsWgsl],
  params: { WG: [64] },
  uniforms: {
    count: "u32",
    m: "u32",
    dv: "u32",
    parts: "u32",
    heads: "u32",
    first: "u32",
    start: "u32",
    batch: "u32",
    head: "u32",
    row: "u32",
    alpha: "f32",
  },
});

/** What runs the products, and in which pieces. */
export interface Writer {
  /** Rows and columns of a tile. */
  tile: number;
  /** Bytes of scores, and of their gradients, that are there at a time, or a row of tiles where that is more. */
  pieceBytes: number;
  /** Heads with so many keys that a piece has, where it has not all queries of one. */
  headsOf(keys: number): number;
  /** Into how many parts the terms of a product with so many tiles and terms are cut. */
  partsOf(tiles: number, terms: number): number;
  run(spec: PieceProduct, launch: WrittenLaunch): void;
}

/** A product as its kernel is started. */
export interface WrittenLaunch {
  tensors: Record<"a" | "b" | "bias" | "stats" | "weights" | "c", Tensor>;
  uniforms: Record<keyof typeof writtenUniforms, number>;
  groups: readonly [number, number, number];
  params: { TA: boolean; TB: boolean; END: number; REL: boolean };
  flops: number;
  /** Read and written: of the tensors, which are those of all heads, a launch needs little. */
  bytes: number;
}

/** Some heads and queries, whose scores are there at a time. */
export interface Piece {
  first: number;
  matrices: number;
  query: number;
  /** Queries, and with padding to whole vec4. */
  m: number;
  mp: number;
}

/** Heads and queries in pieces whose scores, `copies` times, take about `pieceBytes`. */
export function writtenPieces(h: Heads, copies: number, { tile, pieceBytes, headsOf }: Writer): Piece[] {
  const line = Math.ceil(h.nk / 4) * 16 * copies;
  const fitting = Math.floor(pieceBytes / line);
  const count = h.batch * h.heads;
  const whole = Math.floor(fitting / (Math.ceil(h.nq / 4) * 4)); // heads with all their queries
  const together = whole || Math.max(1, Math.min(count, headsOf(h.nk), Math.floor(fitting / tile)));
  const rows = whole ? h.nq : Math.min(h.nq, Math.max(tile, Math.floor(fitting / together / tile) * tile));
  const pieces: Piece[] = [];
  for (let first = 0; first < count; first += together)
    for (let query = 0; query < h.nq; query += rows) {
      const m = Math.min(rows, h.nq - query);
      pieces.push({ first, matrices: Math.min(together, count - first), query, m, mp: Math.ceil(m / 4) * 4 });
    }
  return pieces;
}

/** An operand or result: rows of every head in a tensor, from row `from` of `rows` on, or a piece of scores. */
export interface Matrix {
  tensor: Tensor;
  start: number;
  batch: number;
  head: number;
  each: number;
  row: number;
}

export function headRows(tensor: Tensor, layout: Strides, offset: number, from = 0): Matrix {
  const [batch, head, row] = [layout.batch / 4, layout.head / 4, layout.row / 4];
  return { tensor, start: offset / 4 + from * row, batch, head, each: 0, row };
}

export function scoresOf(tensor: Tensor, h: Heads, { mp }: Piece): Matrix {
  const row = Math.ceil(h.nk / 4);
  return { tensor, start: 0, batch: 0, head: 0, each: mp * row, row };
}

/** One product of a piece: rows `m`, columns `n`, terms `k`, all but `m` in elements. */
export interface PieceProduct {
  a: Matrix;
  b: Matrix;
  c: Matrix;
  m: number;
  n: number;
  k: number;
  TA?: boolean;
  TB?: boolean;
  /** Last row that a has (with TA: last vec4 of them), and last vec4 of columns that b has (with TB: last column). */
  aLast: number;
  bLast: number;
  /** Parts that the terms are cut into, and vec4 between their results. */
  parts?: { count: number; step: number };
  alpha?: number;
  add?: boolean;
  end?: keyof typeof END;
  bias?: Tensor | null;
  stats?: Tensor;
  weights?: Tensor;
}

/** Terms of every part but the last: whole steps of any tile. */
const partTerms = (terms: number, parts: number) => Math.ceil(terms / parts / 16) * 16;

/** Starts a product of a piece. */
export function runPiece(writer: Writer, h: Heads, piece: Piece, layout: BiasLayout, spec: PieceProduct): void {
  const { a, b, c, m, n, k, TA = false, TB = false, end = "plain", bias = null, stats, weights } = spec;
  const tilesM = Math.ceil(m / writer.tile);
  const { count: parts, step: cChunk } = spec.parts ?? { count: 1, step: 0 };
  const chunk = partTerms(k, parts);
  const tiles = piece.matrices * tilesM * parts;
  const np = Math.ceil(h.nq / 4) * 4;
  const uniforms = {
    heads: h.heads,
    first: piece.first,
    m,
    n,
    steps: Math.ceil(k / 4),
    lastK: k - 1,
    aStart: a.start,
    aBatch: a.batch,
    aHead: a.head,
    aEach: a.each,
    aRow: a.row,
    aLast: spec.aLast,
    bStart: b.start,
    bBatch: b.batch,
    bHead: b.head,
    bEach: b.each,
    bRow: b.row,
    bLast: spec.bLast,
    cStart: c.start,
    cBatch: c.batch,
    cHead: c.head,
    cEach: c.each,
    cRow: c.row,
    tilesM,
    tiles,
    alpha: spec.alpha ?? 1,
    add: spec.add ? 1 : 0,
    query: piece.query,
    nq: h.nq,
    np,
    second: h.batch * h.heads * np,
    nk: h.nk,
    w: h.grid?.W ?? 1,
    hp: layout.hp,
    biasRow: layout.row,
    matrices: piece.matrices,
    chunk,
    cChunk,
    four: 4,
    bk: 0,
  };
  const tensors = {
    a: a.tensor,
    b: b.tensor,
    bias: bias ?? a.tensor,
    stats: stats ?? a.tensor,
    weights: weights ?? a.tensor,
    c: c.tensor,
  };
  const params = { TA, TB, END: END[end], REL: bias !== null };
  const groups = [Math.ceil(n / writer.tile), ...spread(tiles)] as const;
  const own = spec.add || spec.weights ? 2 : 1; // results are read too, or as many weights
  const bytes = 4 * piece.matrices * (m * k + k * n + own * parts * m * n);
  writer.run(spec, { tensors, uniforms, groups, params, flops: 2 * piece.matrices * m * n * k, bytes });
}

/** The layout of the bias factors for these kernels: whole vec4. */
export function writtenBiasLayout({ grid }: Heads): BiasLayout {
  if (!grid) return { hp: 0, wp: 0, row: 0 };
  const [hp, wp] = [Math.ceil(grid.H / 4) * 4, Math.ceil(grid.W / 4) * 4];
  return { hp, wp, row: hp + wp };
}

/** Writes the gradients that are asked for: dq (without what comes through the bias), that of the bias factors, dk and dv. */
export function gradWritten(
  writer: Writer,
  h: Heads,
  t: GradTensors,
  layout: BiasLayout,
  dq: Tensor | null,
  dbias: Tensor | null,
  dkv: { tensor: Tensor; dkOffset: number; dvOffset: number } | null,
): void {
  const { device } = t.q;
  const keys = Math.ceil(h.nk / 4) * 4;
  const { bias, stats } = t;
  const pieces = writtenPieces(h, 2, writer);
  if (pieces.length === 0) return;
  // The same bytes for every piece: a cache that holds them has them still.
  const [{ matrices: most, mp: longest }] = pieces;
  const weights = empty(device, [most, longest, keys], { name: "attention" });
  const ds = empty(device, [most, longest, keys], { name: "attention" });
  for (const piece of pieces) {
    const { matrices, m, mp, query } = piece;
    const [w, d] = [scoresOf(weights, h, piece), scoresOf(ds, h, piece)];
    const q = headRows(t.q, h.q, 0, query);
    const k = headRows(t.k, h.kv, h.kOffset);
    const v = headRows(t.v, h.kv, h.vOffset);
    const dy = headRows(t.dy, h.y, 0, query);
    const run = (spec: PieceProduct) => runPiece(writer, h, piece, layout, spec);
    const queries = { aLast: h.nq - query - 1, bLast: h.nk - 1, k: h.dim, TB: true, m: mp, n: keys };
    run({ ...queries, a: q, b: k, c: w, alpha: h.scale, end: "weights", bias, stats });
    run({ ...queries, a: dy, b: v, c: d, end: "scoreGrads", stats, weights });
    const wide = h.dim / 4 - 1;
    if (dq) {
      const c = headRows(dq, h.q, 0, query);
      const parts = writer.partsOf(matrices * Math.ceil(m / writer.tile) * Math.ceil(h.dim / writer.tile), h.nk);
      const spec = { a: d, b: k, m, n: h.dim, k: h.nk, aLast: mp - 1, bLast: wide };
      if (parts === 1) run({ ...spec, c, alpha: h.scale });
      else inParts(h, piece, parts, c, (c, step) => run({ ...spec, c, parts: { count: parts, step } }));
    }
    if (dbias) gradBias(h, piece, layout, ds, dbias);
    if (dkv) {
      const down = { TA: true, m: h.nk, n: h.dim, k: m, aLast: keys / 4 - 1, bLast: wide, add: query > 0 };
      const dv = headRows(dkv.tensor, h.kv, dkv.dvOffset);
      const dk = headRows(dkv.tensor, h.kv, dkv.dkOffset);
      run({ ...down, a: w, b: dy, c: dv });
      run({ ...down, a: d, b: q, c: dk, alpha: h.scale });
    }
  }
  weights.dispose("attention");
  ds.dispose("attention");
}

/** Runs a product whose rows are queries' in parts, and adds them into `c`, scaled. */
function inParts(h: Heads, piece: Piece, parts: number, c: Matrix, run: (c: Matrix, step: number) => void): void {
  const { first, matrices, m } = piece;
  const { device } = c.tensor;
  const dv = h.dim / 4;
  const each = m * dv;
  const step = matrices * each;
  const sums = empty(device, [parts, matrices, m, h.dim], { name: "attention" });
  run({ tensor: sums, start: 0, batch: 0, head: 0, each, row: dv }, step);
  const place = { start: c.start, batch: c.batch, head: c.head, row: c.row };
  attentionSumPartsKernel.run(
    device,
    { parts: sums, c: c.tensor },
    { count: step, m, dv, parts, heads: h.heads, first, ...place, alpha: h.scale },
    spread(Math.ceil(step / 64)),
    {},
    0,
    16 * step * (parts + 1),
  );
  sums.dispose("attention");
}

/** Sums the gradients of a piece's scores into those of its queries' bias factors. */
function gradBias(h: Heads, piece: Piece, layout: BiasLayout, ds: Tensor, dbias: Tensor): void {
  const { first, matrices, m, mp, query } = piece;
  const { H, W } = h.grid as { H: number; W: number };
  const keys = Math.ceil(h.nk / 4) * 4;
  const count = matrices * m * layout.row;
  const rows = { m, each: mp * keys, row: keys, start: first * h.nq + query, startEach: h.nq };
  attentionBiasGradKernel.run(
    ds.device,
    { ds, ds4: ds, dbias },
    { count, ...rows, h: H, w: W, hp: layout.hp, biasRow: layout.row },
    spread(Math.ceil(count / 64)),
    { WHOLE: W % 4 === 0 },
    0,
    4 * (2 * matrices * m * h.nk + count),
  );
}
