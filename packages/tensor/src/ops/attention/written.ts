import { defineKernel, spread } from "../../kernel/define-kernel";
import { empty, type Tensor } from "../../tensor/tensor";
import biasGradWgsl from "./attention-bias-grad.wgsl";
import sumPartsWgsl from "./attention-sum-parts.wgsl";
import type { GradTensors, Heads } from "./heads";
import {
  headRows,
  type Matrix,
  type Piece,
  type PieceProduct,
  runPiece,
  scoresOf,
  type Writer,
  writtenPieces,
} from "./pieces";
import type { BiasLayout } from "./rel-pos";

// The gradients of attention by products whose scores are written out, a piece at a time.

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

/**
 * Writes the gradients that are asked for: dq (without what comes through the bias), that of the bias factors, dk and dv. Where every
 * piece has `wholeHeads`, they may take the place of q, k and v in one tensor.
 */
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
    let moveQueries: (() => void) | null = null;
    const queries = { aLast: h.nq - query - 1, bLast: h.nk - 1, k: h.dim, TB: true, m: mp, n: keys };
    run({ ...queries, a: q, b: k, c: w, alpha: h.scale, end: "weights", bias, stats });
    run({ ...queries, a: dy, b: v, c: d, end: "scoreGrads", stats, weights });
    const wide = h.dim / 4 - 1;
    if (dq) {
      const c = headRows(dq, h.q, 0, query);
      const parts = writer.partsOf(matrices * Math.ceil(m / writer.tile) * Math.ceil(h.dim / writer.tile), h.nk);
      const spec = { a: d, b: k, m, n: h.dim, k: h.nk, aLast: mp - 1, bLast: wide };
      const write = (c: Matrix, step: number) => run({ ...spec, c, parts: { count: parts, step } });
      if (dq === t.q)
        moveQueries = inParts(h, piece, { parts, rows: m, c }, write); // dk still wants what lies there
      else if (parts === 1) run({ ...spec, c, alpha: h.scale });
      else inParts(h, piece, { parts, rows: m, c }, write)();
    }
    if (dbias) gradBias(h, piece, layout, ds, dbias);
    if (dkv) {
      const down = { TA: true, m: h.nk, n: h.dim, k: m, aLast: keys / 4 - 1, bLast: wide, add: query > 0 };
      const dv = headRows(dkv.tensor, h.kv, dkv.dvOffset);
      const dk = headRows(dkv.tensor, h.kv, dkv.dkOffset);
      run({ ...down, a: w, b: dy, c: dv });
      const write = (c: Matrix) => run({ ...down, a: d, b: q, c });
      if (dkv.tensor === t.q) inParts(h, piece, { parts: 1, rows: h.nk, c: dk }, write)();
      else run({ ...down, a: d, b: q, c: dk, alpha: h.scale });
    }
    moveQueries?.();
  }
  weights.dispose("attention");
  ds.dispose("attention");
}

/** Runs a product in parts; what it returns writes their sums, scaled, where `c` lies. */
function inParts(
  h: Heads,
  { first, matrices }: Piece,
  { parts, rows, c }: { parts: number; rows: number; c: Matrix },
  run: (c: Matrix, step: number) => void,
): () => void {
  const { device } = c.tensor;
  const dv = h.dim / 4;
  const each = rows * dv;
  const step = matrices * each;
  const sums = empty(device, [parts, matrices, rows, h.dim], { name: "attention" });
  run({ tensor: sums, start: 0, batch: 0, head: 0, each, row: dv }, step);
  const place = { start: c.start, batch: c.batch, head: c.head, row: c.row };
  return () => {
    attentionSumPartsKernel.run(
      device,
      { parts: sums, c: c.tensor },
      { count: step, m: rows, dv, parts, heads: h.heads, first, ...place, alpha: h.scale },
      spread(Math.ceil(step / 64)),
      {},
      0,
      16 * step * (parts + 1),
    );
    sums.dispose("attention");
  };
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
