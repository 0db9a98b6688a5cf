import { defineKernel, spread } from "../../kernel/define-kernel";
import quadLibWgsl from "../../kernel/lib/quad.wgsl";
import { QUAD_TILE } from "../../kernel/narrow-subgroup";
import { empty, type Tensor } from "../../tensor/tensor";
import quadWgsl from "./attention-quad.wgsl";
import softmaxWgsl from "./attention-quad-softmax.wgsl";
import type { Heads, HeadTensors } from "./heads";
import { END, gradVariants, headRows, runPiece, scoresOf, type Writer, writtenPieces, writtenUniforms } from "./pieces";
import type { BiasLayout } from "./rel-pos";
import writtenWgsl from "./written.wgsl";

export const attentionQuadKernel = /* @__PURE__ */ defineKernel({
  name: "attention-quad",
  source: [quadLibWgsl, writtenWgsl, quadWgsl],
  params: { TA: [false, true], TB: [false, true], END: [0, 1, 2, 3, 4], REL: [false, true] },
  // Of the products that attention has.
  variants: () => [
    ...gradVariants(),
    { TA: false, TB: false, END: END.divided, REL: false },
    ...[false, true].map((REL) => ({ TA: false, TB: true, END: END.scores, REL })),
  ],
  uniforms: writtenUniforms,
});
export const attentionQuadSoftmaxKernel = /* @__PURE__ */ defineKernel({
  name: "attention-quad-softmax",
  source: [softmaxWgsl],
  params: { WG: [16] },
  uniforms: { rows: "u32", m: "u32", each: "u32", row: "u32", nk: "u32", lseStart: "u32", lseEach: "u32" },
});

/** Bytes of scores that are there at a time: with 4 MiB no faster. */
const PIECE_BYTES = 524_288;

/** Products by subgroups of one quad. */
export const quadWriter: Writer = {
  tile: QUAD_TILE,
  pieceBytes: PIECE_BYTES,
  headsOf: () => 1,
  partsOf: () => 1,
  run: ({ c }, { tensors, uniforms, groups, params, flops, bytes }) =>
    attentionQuadKernel.run(c.tensor.device, tensors, uniforms, groups, params, flops, bytes),
};

/** Writes y and the log-sum-exp of every query. */
export function forwardQuad(
  h: Heads,
  t: HeadTensors,
  bias: Tensor | null,
  layout: BiasLayout,
  y: Tensor,
  lse: Tensor,
): void {
  const { device } = y;
  const keys = Math.ceil(h.nk / 4) * 4;
  // Pieces of backward's size, whose buffers it finds.
  for (const piece of writtenPieces(h, 2, quadWriter)) {
    const { matrices, m, mp, query } = piece;
    const scratch = empty(device, [matrices, mp, keys], { name: "attention" });
    const sums = empty(device, [matrices, m], { name: "attention" });
    const scores = scoresOf(scratch, h, piece);
    const q = headRows(t.q, h.q, 0, query);
    const k = headRows(t.k, h.kv, h.kOffset);
    const v = headRows(t.v, h.kv, h.vOffset);
    const inQ = { a: q, b: k, TB: true, k: h.dim, aLast: h.nq - query - 1, bLast: h.nk - 1 };
    runPiece(quadWriter, h, piece, layout, { ...inQ, c: scores, m, n: keys, alpha: h.scale, end: "scores", bias });
    attentionQuadSoftmaxKernel.run(
      device,
      { s: scratch, sums, lse },
      {
        rows: matrices * m,
        m,
        each: scores.each,
        row: scores.row,
        nk: h.nk,
        lseStart: piece.first * h.nq + query,
        lseEach: h.nq,
      },
      spread(Math.ceil((matrices * m) / 16)),
    );
    const inV = { a: scores, b: v, k: h.nk, aLast: m - 1, bLast: h.dim / 4 - 1 };
    runPiece(quadWriter, h, piece, layout, {
      ...inV,
      c: headRows(y, h.y, 0, query),
      m,
      n: h.dim,
      end: "divided",
      stats: sums,
    });
    scratch.dispose("attention");
    sums.dispose("attention");
  }
}
