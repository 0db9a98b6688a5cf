import { reduceSum } from "../../autograd/reduce-sum";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { empty, type Tensor } from "../../tensor/tensor";
import type { Heads, HeadTensors } from "./heads";
import biasWgsl from "./rel-pos-bias.wgsl";
import gradQWgsl from "./rel-pos-grad-q.wgsl";
import gradTableWgsl from "./rel-pos-grad-table.wgsl";

const sizes = {
  heads: "u32",
  count: "u32",
  h: "u32",
  w: "u32",
  hp: "u32",
  biasRow: "u32",
  dim: "u32",
  qBatch: "u32",
  qHead: "u32",
  qRow: "u32",
} as const;

export const relPosBiasKernel = /* @__PURE__ */ defineKernel({
  name: "rel-pos-bias",
  source: [biasWgsl],
  params: { WG: [64] },
  uniforms: sizes,
});
export const relPosGradQKernel = /* @__PURE__ */ defineKernel({
  name: "rel-pos-grad-q",
  source: [gradQWgsl],
  params: { WG: [64] },
  uniforms: sizes,
});
export const relPosGradTableKernel = /* @__PURE__ */ defineKernel({
  name: "rel-pos-grad-table",
  source: [gradTableWgsl],
  params: { WG: [64] },
  uniforms: {
    heads: "u32",
    count: "u32",
    size: "u32",
    others: "u32",
    axisStep: "u32",
    otherStep: "u32",
    start: "u32",
    biasRow: "u32",
    dim: "u32",
    chunk: "u32",
    parts: "u32",
    qBatch: "u32",
    qHead: "u32",
    qRow: "u32",
  },
});

/** Columns of the bias factors: kh from 0 (padded to `hp`), kw from `hp` (padded to `wp`). */
export interface BiasLayout {
  hp: number;
  wp: number;
  row: number;
}

/** Layout with the kw part padded to a multiple of `unit`; columns without a key hold -1e30. */
export function biasLayout({ grid }: Heads, unit: number): BiasLayout {
  if (!grid) return { hp: 0, wp: 0, row: 0 };
  const hp = Math.ceil(grid.H / unit) * unit;
  const wp = Math.ceil(grid.W / unit) * unit;
  return { hp, wp, row: hp + wp };
}

function uniformsOf(h: Heads, { hp, row }: BiasLayout) {
  const { H, W } = h.grid as { H: number; W: number };
  const { heads, dim } = h;
  const q = { qBatch: h.q.batch, qHead: h.q.head, qRow: h.q.row };
  return { heads, count: h.batch * heads, h: H, w: W, hp, biasRow: row, dim, ...q };
}

/** The bias factors [B * A, N, hp + wp] of every query. */
export function relPosBias(h: Heads, { q, relPosH, relPosW }: HeadTensors, layout: BiasLayout): Tensor {
  const bias = empty(q.device, [h.batch * h.heads, h.nq, layout.row], { name: "attention" });
  const tensors = { q, tableH: relPosH as Tensor, tableW: relPosW as Tensor, bias };
  relPosBiasKernel.run(q.device, tensors, uniformsOf(h, layout), spread(Math.ceil(bias.size / 64)));
  return bias;
}

/** Adds what reaches q through the bias to `dq`, which has q's layout. */
export function relPosGradQ(
  h: Heads,
  dbias: Tensor,
  { relPosH, relPosW }: HeadTensors,
  dq: Tensor,
  layout: BiasLayout,
) {
  const tensors = { dbias, tableH: relPosH as Tensor, tableW: relPosW as Tensor, dq };
  const elements = h.batch * h.heads * h.nq * h.dim;
  relPosGradQKernel.run(dq.device, tensors, uniformsOf(h, layout), spread(Math.ceil(elements / 64)));
}

/** Gradient of one of the tables. */
export function relPosGradTable(h: Heads, axis: "h" | "w", q: Tensor, dbias: Tensor, layout: BiasLayout): Tensor {
  const { H, W } = h.grid as { H: number; W: number };
  const { count, heads, dim, qBatch, qHead, qRow, biasRow } = uniformsOf(h, layout);
  const [size, others] = axis === "h" ? [H, W] : [W, H];
  const rows = 2 * size - 1;
  const parts = Math.max(1, Math.min(count, Math.ceil(16384 / (rows * dim))));
  const chunk = Math.ceil(count / parts);
  const each = empty(q.device, [parts, rows, dim], { name: "attention" });
  const [axisStep, otherStep] = axis === "h" ? [W, 1] : [1, W];
  const steps = { size, others, axisStep, otherStep, start: axis === "h" ? 0 : layout.hp };
  relPosGradTableKernel.run(
    q.device,
    { q, dbias, dtable: each },
    { heads, count, ...steps, biasRow, dim, chunk, parts, qBatch, qHead, qRow },
    spread(Math.ceil(each.size / 64)),
  );
  const sum = reduceSum(each, [true, false, false], [rows, dim]);
  each.dispose("attention");
  return sum;
}
