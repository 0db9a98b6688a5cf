import type { Device } from "../../device/device";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { QUAD_LANES } from "../../kernel/narrow-subgroup";
import { empty, type Tensor } from "../../tensor/tensor";
import statsWgsl from "./attention-stats.wgsl";
import { type AttentionFamily, attentionFamily } from "./family";
import type { AttentionVariant, Heads, HeadTensors } from "./heads";
import { type Writer, wholeHeads, writtenBiasLayout } from "./pieces";
import { forwardPlain, gradKvPlain, gradQPlain } from "./plain";
import { forwardQuad, quadWriter } from "./quad";
import { biasLayout, relPosBias, relPosGradQ, relPosGradTable } from "./rel-pos";
import { forwardSubgroup, gradKvSubgroup, gradQSubgroup } from "./subgroup";
import { forwardTile } from "./tile";
import { tileWriter } from "./tile-grad";
import { LANES, tilingOf } from "./tiles";
import { gradWritten } from "./written";

export const attentionStatsKernel = /* @__PURE__ */ defineKernel({
  name: "attention-stats",
  source: [statsWgsl],
  params: { WG: [64], Elem: ["vec4f", "f32"], PART: [1, 0.25] },
  uniforms: { heads: "u32", count: "u32", n: "u32", np: "u32", dim: "u32", yBatch: "u32", yHead: "u32", yRow: "u32" },
});

/** The subgroup size that a family's kernels are written for; 0 for any. */
function lanesOf(family: AttentionFamily): number {
  return family === "subgroup" ? LANES : family === "quad" ? QUAD_LANES : 0;
}

/** Writes `y` and returns the log-sum-exp of every query [B * A, Nq]. */
export function attentionForward(h: Heads, t: HeadTensors, y: Tensor, variant: AttentionVariant = "auto"): Tensor {
  const lse = empty(y.device, [h.batch * h.heads, h.nq], { name: "attention" });
  if (y.size === 0) return lse;
  const family = attentionFamily(y.device, h, variant);
  const S = lanesOf(family);
  const tiling = family === "subgroup" ? tilingOf(h.grid?.H ?? 1, h.grid?.W ?? h.nk) : null;
  const layout = family === "quad" ? writtenBiasLayout(h) : biasLayout(h, tiling);
  const bias = h.grid ? relPosBias(h, t, layout, S, family === "tile") : null;
  if (family === "quad") forwardQuad(h, t, bias, layout, y, lse);
  else if (tiling) forwardSubgroup(h, t, bias, tiling, layout, y, lse);
  else if (family === "tile") forwardTile(h, t, bias, layout, y, lse);
  else forwardPlain(h, t, bias, layout, y, lse);
  bias?.dispose("attention");
  return lse;
}

/** Log-sum-exp and sum of dy * y of every query [2, B * A, rows], the rows padded to a multiple of `unit`. */
function attentionStats(h: Heads, y: Tensor, dy: Tensor, lse: Tensor, unit: number): Tensor {
  const count = h.batch * h.heads;
  const np = Math.ceil(h.nq / unit) * unit;
  const vec = [h.dim, h.y.batch, h.y.head, h.y.row].every((n) => n % 4 === 0);
  const per = vec ? 4 : 1;
  const stats = empty(y.device, [2, count, np], { name: "attention" });
  const strides = { dim: h.dim / per, yBatch: h.y.batch / per, yHead: h.y.head / per, yRow: h.y.row / per };
  attentionStatsKernel.run(
    y.device,
    { y, dy, lse, stats },
    { heads: h.heads, count, n: h.nq, np, ...strides },
    spread(Math.ceil((count * np) / 64)),
    { Elem: vec ? "vec4f" : "f32", PART: per / 4 },
  );
  return stats;
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

function writerOf(family: AttentionFamily): Writer | null {
  return family === "quad" ? quadWriter : family === "tile" ? tileWriter : null;
}

/** Whether the gradients of a qkv product may be written in its place. */
export function gradsInPlace(device: Device, h: Heads, variant: AttentionVariant = "auto"): boolean {
  const writer = writerOf(attentionFamily(device, h, variant));
  return writer !== null && wholeHeads(h, writer);
}

/** Makes the scores again and writes the gradients that are asked for; returns those of the tables. */
export function attentionBackward(
  h: Heads,
  t: HeadTensors & { y: Tensor; lse: Tensor; dy: Tensor },
  to: Gradients,
  variant: AttentionVariant = "auto",
): { relPosH: Tensor | null; relPosW: Tensor | null } {
  const { q, dy, y, lse } = t;
  const { device } = q;
  const family = attentionFamily(device, h, variant);
  const writer = writerOf(family);
  const S = lanesOf(family);
  const tiling = family === "subgroup" ? tilingOf(h.grid?.H ?? 1, h.grid?.W ?? h.nk) : null;
  const layout = writer ? writtenBiasLayout(h) : biasLayout(h, tiling);
  const stats = attentionStats(h, y, dy, lse, writer ? 4 : (tiling?.unit ?? 1));
  const bias = h.grid ? relPosBias(h, t, layout, S) : null;
  const result: { relPosH: Tensor | null; relPosW: Tensor | null } = { relPosH: null, relPosW: null };
  const queries = to.dq !== null || to.relPosH || to.relPosW;
  const dbias = bias && queries ? empty(device, bias.shape, { name: "attention" }) : null;
  const tensors = { ...t, stats, bias };
  if (writer) {
    gradWritten(writer, h, tensors, layout, to.dq, dbias, to.dkv); // all gradients share what is written out of the scores
  } else if (queries) {
    const dq = to.dq ?? empty(device, q.shape, { name: "attention" });
    if (tiling) gradQSubgroup(h, tensors, tiling, layout, dq, dbias);
    else gradQPlain(h, tensors, layout, dq, dbias);
    if (!to.dq) dq.dispose("attention");
  }
  if (dbias) {
    if (to.dq) relPosGradQ(h, dbias, t, to.dq, layout, S);
    if (to.relPosH) result.relPosH = relPosGradTable(h, "h", q, dbias, layout);
    if (to.relPosW) result.relPosW = relPosGradTable(h, "w", q, dbias, layout);
    dbias.dispose("attention");
  }
  if (to.dkv && !writer) {
    const { tensor, dkOffset, dvOffset } = to.dkv;
    if (tiling) gradKvSubgroup(h, tensors, layout, tensor, dkOffset, dvOffset);
    else gradKvPlain(h, tensors, layout, tensor, dkOffset, dvOffset);
  }
  stats.dispose("attention");
  bias?.dispose("attention");
  return result;
}
