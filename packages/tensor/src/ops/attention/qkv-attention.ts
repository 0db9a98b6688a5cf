import { flags } from "../../debug/flags";
import { ShapeError } from "../../errors";
import { defineOp } from "../../op/define-op";
import { empty, type Tensor } from "../../tensor/tensor";
import { attentionRef } from "./attention.ref";
import { type AttentionVariant, checkTables, fusedHeads } from "./heads";
import { attentionBackward, attentionForward, gradsInPlace } from "./streaming";

/** Options of {@link qkvAttention}. */
export interface QkvAttentionOptions {
  /** Heads A. */
  heads: number;
  /** Factor of the scores, not of the bias; D ** -0.5 where nothing is said. */
  scale?: number;
  /** Relative position tables [2 H - 1, D] and [2 W - 1, D] for tokens on an H x W grid. */
  relPos?: { h: Tensor; w: Tensor; H: number; W: number } | null;
}

interface Attrs {
  heads: number;
  scale?: number;
  H?: number;
  W?: number;
  variant?: AttentionVariant;
}

const NAME = "qkvAttention";

export const qkvAttentionOp = /* @__PURE__ */ defineOp({
  name: NAME,
  inputs: ["qkv"],
  optional: ["relPosH", "relPosW"],
  shape: ({ qkv, relPosH, relPosW }, attrs: Attrs) => {
    const h = fusedHeads(NAME, qkv, attrs);
    checkTables(NAME, h, relPosH, relPosW);
    return [h.batch, h.nq, h.heads * h.dim];
  },
  forward: ({ qkv, relPosH, relPosW }, attrs, y) => {
    const h = fusedHeads(NAME, qkv.shape, attrs);
    return { lse: attentionForward(h, { q: qkv, k: qkv, v: qkv, relPosH, relPosW }, y, attrs.variant) };
  },
  saves: ["qkv", "relPosH", "relPosW", "y", "lse"],
  vjp: ({ qkv, relPosH = null, relPosW = null, y, lse }, dy, { attrs, needs, shapes, device }) => {
    const h = fusedHeads(NAME, shapes.qkv, attrs);
    // The tables' gradients still want the queries when all others are done.
    const free = qkv.exclusive && !needs.relPosH && !needs.relPosW && !flags.nan;
    const inPlace = free && gradsInPlace(device, h, attrs.variant);
    const dqkv = needs.qkv ? (inPlace ? qkv : empty(device, shapes.qkv)) : null;
    const dkv = dqkv && { tensor: dqkv, dkOffset: h.kOffset, dvOffset: h.vOffset };
    const t = { q: qkv, k: qkv, v: qkv, relPosH, relPosW, y, lse, dy };
    const to = { dq: dqkv, dkv, relPosH: needs.relPosH, relPosW: needs.relPosW };
    return { qkv: dqkv, ...attentionBackward(h, t, to, attrs.variant) };
  },
  reference: ({ qkv, relPosH, relPosW }, attrs) => {
    const h = fusedHeads(NAME, qkv.shape, attrs);
    return attentionRef(h, { q: qkv, k: qkv, v: qkv, relPosH, relPosW }, [h.batch, h.nq, h.heads * h.dim]);
  },
});

/**
 * Multi-head attention straight on the rows of a qkv product, without copies to split or join heads; with relative position
 * tables it is SAM's encoder attention (see {@link relPosAttention}).
 *
 * qkv [B, N, 3 * A * D] (q, k, v in turn, the heads side by side in each) -> [B, N, A * D]. Throws ShapeError when the width
 * does not split into 3 * heads, or a table does not fit the grid.
 */
export function qkvAttention(qkv: Tensor, options: QkvAttentionOptions): Tensor {
  const { heads, scale, relPos = null } = options;
  if (!Number.isInteger(heads) || heads < 1)
    throw new ShapeError(NAME, `heads is no legal number. Got ${heads}. Expected a whole number >= 1.`);
  const grid = relPos ? { H: relPos.H, W: relPos.W } : {};
  return qkvAttentionOp.apply(
    { qkv, relPosH: relPos?.h ?? null, relPosW: relPos?.w ?? null },
    { heads, scale, ...grid },
  );
}
