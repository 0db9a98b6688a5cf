import type { Device } from "../../device/device";
import { defineOp } from "../../op/define-op";
import type { Shape } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { attentionRef } from "./attention.ref";
import { type AttentionVariant, type Heads, type HeadTensors, separateHeads } from "./heads";
import { attentionBackward, attentionForward } from "./streaming";

/** Options of {@link attention}. */
export interface AttentionOptions {
  /** Factor of the scores; D ** -0.5 where nothing is said. */
  scale?: number;
}

/** @internal Options plus which kernels run. */
export type AttentionAttrs = AttentionOptions & { variant?: AttentionVariant };

export const attentionOp = /* @__PURE__ */ defineOp({
  name: "attention",
  inputs: ["q", "k", "v"],
  shape: ({ q, k, v }, attrs: AttentionAttrs) => {
    separateHeads("attention", q, k, v, attrs);
    return q;
  },
  forward: ({ q, k, v }, attrs, y) => {
    const h = separateHeads("attention", q.shape, k.shape, v.shape, attrs);
    return { lse: attentionForward(h, { q, k, v, relPosH: null, relPosW: null }, y, attrs.variant) };
  },
  saves: ["q", "k", "v", "y", "lse"],
  vjp: ({ q, k, v, y, lse }, dy, { attrs, needs, shapes, device }) => {
    const h = separateHeads("attention", shapes.q, shapes.k, shapes.v, attrs);
    const t = { q, k, v, relPosH: null, relPosW: null, y, lse, dy };
    return separateGradients(device, h, t, shapes, { ...needs, relPosH: false, relPosW: false }, attrs.variant);
  },
  reference: ({ q, k, v }, attrs) =>
    attentionRef(separateHeads("attention", q.shape, k.shape, v.shape, attrs), { q, k, v }, q.shape),
});

/** Gradients of separate q, k, v and of the tables. */
export function separateGradients(
  device: Device,
  h: Heads,
  t: HeadTensors & { y: Tensor; lse: Tensor; dy: Tensor },
  shapes: { q: Shape; k: Shape; v: Shape },
  needs: { q: boolean; k: boolean; v: boolean; relPosH: boolean; relPosW: boolean },
  variant: AttentionVariant | undefined,
): { q: Tensor | null; k: Tensor | null; v: Tensor | null; relPosH: Tensor | null; relPosW: Tensor | null } {
  const dq = needs.q ? empty(device, shapes.q) : null;
  const half = t.k.size;
  const both = needs.k || needs.v ? empty(device, [2, ...shapes.k], { name: "attention" }) : null;
  const dkv = both && { tensor: both, dkOffset: 0, dvOffset: half };
  const tables = attentionBackward(h, t, { dq, dkv, relPosH: needs.relPosH, relPosW: needs.relPosW }, variant);
  const part = (from: number, shape: Shape) => {
    const x = empty(device, shape);
    if (both && x.size > 0) device.queue.copy(both.storage.block.buffer, x.storage.block.buffer, x.bytes, from * 4);
    return x;
  };
  const [dk, dv] = [needs.k ? part(0, shapes.k) : null, needs.v ? part(half, shapes.v) : null];
  both?.dispose("attention");
  return { q: dq, k: dk, v: dv, ...tables };
}

/**
 * Scaled dot-product attention `softmax(scale q k^T) v` of every head (PyTorch's `F.scaled_dot_product_attention`). The score
 * matrix is never stored as a whole: tile by tile, or where written out in pieces of 4 MiB (SwiftShader) or, for gradients on GPUs, 32 MiB.
 *
 * q [B, A, Nq, D], k and v [B, A, Nk, D] -> [B, A, Nq, D]. Throws ShapeError when the shapes do not go together.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  return attentionOp.apply({ q, k, v }, options);
}
