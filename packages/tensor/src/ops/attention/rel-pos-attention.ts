import { defineOp } from "../../op/define-op";
import type { Tensor } from "../../tensor/tensor";
import { separateGradients } from "./attention";
import { attentionRef } from "./attention.ref";
import { type AttentionVariant, checkTables, separateHeads } from "./heads";
import { attentionForward } from "./streaming";

/** Options of {@link relPosAttention}. */
export interface RelPosAttentionOptions {
  /** Rows and columns of the token grid. */
  H: number;
  W: number;
  /** Factor of the scores, not of the bias; D ** -0.5 where nothing is said. */
  scale?: number;
}

const NAME = "relPosAttention";

export const relPosAttentionOp = /* @__PURE__ */ defineOp({
  name: NAME,
  inputs: ["q", "k", "v", "relPosH", "relPosW"],
  shape: ({ q, k, v, relPosH, relPosW }, attrs: RelPosAttentionOptions & { variant?: AttentionVariant }) => {
    checkTables(NAME, separateHeads(NAME, q, k, v, attrs), relPosH, relPosW);
    return q;
  },
  forward: ({ q, k, v, relPosH, relPosW }, attrs, y) => {
    const h = separateHeads(NAME, q.shape, k.shape, v.shape, attrs);
    return { lse: attentionForward(h, { q, k, v, relPosH, relPosW }, y, attrs.variant) };
  },
  saves: ["q", "k", "v", "relPosH", "relPosW", "y", "lse"],
  vjp: ({ q, k, v, relPosH, relPosW, y, lse }, dy, { attrs, needs, shapes, device }) => {
    const h = separateHeads(NAME, shapes.q, shapes.k, shapes.v, attrs);
    return separateGradients(device, h, { q, k, v, relPosH, relPosW, y, lse, dy }, shapes, needs, attrs.variant);
  },
  reference: ({ q, k, v, relPosH, relPosW }, attrs) =>
    attentionRef(separateHeads(NAME, q.shape, k.shape, v.shape, attrs), { q, k, v, relPosH, relPosW }, q.shape),
});

/**
 * Attention over a token grid with SAM's decomposed relative position bias (Segment Anything's `add_decomposed_rel_pos`):
 * scores `scale q k^T + q . relPosH[qh - kh + H - 1] + q . relPosW[qw - kw + W - 1]`, the bias from the unscaled query.
 *
 * q, k, v [B, A, N, D] with N = H * W, relPosH [2 H - 1, D], relPosW [2 W - 1, D] -> [B, A, N, D]. Throws ShapeError when
 * the shapes do not go together; interpolate a table of another size first.
 */
export function relPosAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  relPosH: Tensor,
  relPosW: Tensor,
  options: RelPosAttentionOptions,
): Tensor {
  return relPosAttentionOp.apply({ q, k, v, relPosH, relPosW }, options);
}
