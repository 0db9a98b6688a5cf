import { spread } from "../../kernel/define-kernel";
import type { Tensor } from "../../tensor/tensor";
import type { Heads, Strides } from "./heads";
import type { BiasLayout } from "./rel-pos";

// Attention by products whose scores are written out, some heads and queries at a time: which pieces, and what their products read and
// write. What runs a product is the family's part (quad.ts, tile-grad.ts).

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

/** Whether every piece of the gradients has all queries of its heads, so that no other piece reads their q, k and v. */
export function wholeHeads(h: Heads, writer: Writer): boolean {
  return writtenPieces(h, 2, writer).every(({ m }) => m === h.nq);
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
