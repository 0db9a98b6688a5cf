import { defineKernel, spread } from "../../kernel/define-kernel";
import { empty, type Tensor } from "../../tensor/tensor";
import statsWgsl from "./attention-stats.wgsl";
import type { AttentionVariant, Heads, HeadTensors } from "./heads";
import { forwardPlain, gradKvPlain, gradQPlain } from "./plain";
import { biasLayout, relPosBias, relPosGradQ, relPosGradTable } from "./rel-pos";

export const attentionStatsKernel = /* @__PURE__ */ defineKernel({
  name: "attention-stats",
  source: [statsWgsl],
  params: { WG: [64] },
  uniforms: { heads: "u32", count: "u32", n: "u32", dim: "u32", yBatch: "u32", yHead: "u32", yRow: "u32" },
});

/** Writes `y` and returns the log-sum-exp of every query [B * A, Nq]. */
export function attentionForward(h: Heads, t: HeadTensors, y: Tensor, _variant: AttentionVariant = "auto"): Tensor {
  const lse = empty(y.device, [h.batch * h.heads, h.nq], { name: "attention" });
  if (y.size === 0) return lse;
  const layout = biasLayout(h, 4);
  const bias = h.grid ? relPosBias(h, t, layout) : null;
  forwardPlain(h, t, bias, layout, y, lse);
  bias?.dispose("attention");
  return lse;
}

/** Where gradients go; null where none is needed. */
export interface Gradients {
  /** With q's layout. */
  dq: Tensor | null;
  /** dk and dv with k's strides, each from its own offset; may be the tensor of dq. */
  dkv: { tensor: Tensor; dkOffset: number; dvOffset: number } | null;
  relPosH: boolean;
  relPosW: boolean;
}

/** Recomputes the scores tile by tile and writes the gradients that are asked for; returns those of the tables. */
export function attentionBackward(
  h: Heads,
  t: HeadTensors & { y: Tensor; lse: Tensor; dy: Tensor },
  to: Gradients,
  _variant: AttentionVariant = "auto",
): { relPosH: Tensor | null; relPosW: Tensor | null } {
  const { q, dy, y, lse } = t;
  const { device } = q;
  const count = h.batch * h.heads;
  const layout = biasLayout(h, 4);
  const stats = empty(device, [count, h.nq, 2], { name: "attention" });
  attentionStatsKernel.run(
    device,
    { y, dy, lse, stats },
    { heads: h.heads, count, n: h.nq, dim: h.dim, yBatch: h.y.batch, yHead: h.y.head, yRow: h.y.row },
    spread(Math.ceil((count * h.nq) / 64)),
  );
  const bias = h.grid ? relPosBias(h, t, layout) : null;
  const tensors = { ...t, stats, bias };
  const result: { relPosH: Tensor | null; relPosW: Tensor | null } = { relPosH: null, relPosW: null };
  if (to.dq || to.relPosH || to.relPosW) {
    const dq = to.dq ?? empty(device, q.shape, { name: "attention" });
    const dbias = bias ? empty(device, bias.shape, { name: "attention" }) : null;
    gradQPlain(h, tensors, layout, dq, dbias);
    if (dbias) {
      if (to.dq) relPosGradQ(h, dbias, t, dq, layout);
      if (to.relPosH) result.relPosH = relPosGradTable(h, "h", q, dbias, layout);
      if (to.relPosW) result.relPosW = relPosGradTable(h, "w", q, dbias, layout);
      dbias.dispose("attention");
    }
    if (!to.dq) dq.dispose("attention");
  }
  if (to.dkv) gradKvPlain(h, tensors, layout, to.dkv.tensor, to.dkv.dkOffset, to.dkv.dvOffset);
  stats.dispose("attention");
  bias?.dispose("attention");
  return result;
}
