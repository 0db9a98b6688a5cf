import { reduceSum } from "../../autograd/reduce-sum";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { empty, type Tensor } from "../../tensor/tensor";
import type { Heads, HeadTensors } from "./heads";
import biasWgsl from "./rel-pos-bias.wgsl";
import biasSubgroupWgsl from "./rel-pos-bias-subgroup.wgsl";
import expandWgsl from "./rel-pos-expand.wgsl";
import gradQWgsl from "./rel-pos-grad-q.wgsl";
import gradQSubgroupWgsl from "./rel-pos-grad-q-subgroup.wgsl";
import gradTableWgsl from "./rel-pos-grad-table.wgsl";
import rowsWgsl from "./rows.wgsl";
import type { Tiling } from "./tiles";

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
  params: { WG: [64], LINES: [false, true], Elem: ["vec4f", "f32"], PART: [1, 0.25] },
  variants: () =>
    [false, true].flatMap((LINES) => [
      { LINES, Elem: "vec4f", PART: 1 },
      { LINES, Elem: "f32", PART: 0.25 },
    ]),
  uniforms: sizes,
});
export const relPosGradQKernel = /* @__PURE__ */ defineKernel({
  name: "rel-pos-grad-q",
  source: [gradQWgsl],
  params: { WG: [64] },
  uniforms: sizes,
});
const blocked = {
  heads: "u32",
  count: "u32",
  h: "u32",
  w: "u32",
  hv: "u32",
  biasRow: "u32",
  dv: "u32",
  blocks: "u32",
  tiles: "u32",
} as const;
const strides = { qBatch: "u32", qHead: "u32", qRow: "u32" } as const;

export const relPosExpandKernel = /* @__PURE__ */ defineKernel({
  name: "rel-pos-expand",
  source: [expandWgsl],
  params: { WG: [64] },
  uniforms: { size: "u32", cols: "u32", dim: "u32", offset: "u32" },
});
export const relPosBiasSubgroupKernel = /* @__PURE__ */ defineKernel({
  name: "rel-pos-bias-subgroup",
  source: [rowsWgsl, biasSubgroupWgsl],
  params: { S: [8, 4] },
  uniforms: { ...blocked, wStart: "u32", ...strides },
});
export const relPosGradQSubgroupKernel = /* @__PURE__ */ defineKernel({
  name: "rel-pos-grad-q-subgroup",
  source: [rowsWgsl, gradQSubgroupWgsl],
  params: { S: [8, 4] },
  uniforms: { ...blocked, ...strides },
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

/** Layout for a tiling, padded to it; columns without a key hold -1e30. */
export function biasLayout({ grid }: Heads, tiling: Tiling | null): BiasLayout {
  if (!grid) return { hp: 0, wp: 0, row: 0 };
  const wp = tiling?.wp ?? grid.W;
  const lines = tiling ? (tiling.tiles / tiling.chunks) * Math.max(1, tiling.unit / wp) : grid.H;
  const hp = Math.ceil(lines / 4) * 4;
  return { hp, wp, row: hp + wp };
}

/** Floating-point operations of every query with the tables' rows of its line and column. */
function flopsOf({ batch, heads, dim, grid }: Heads): number {
  const { H, W } = grid as { H: number; W: number };
  return 2 * batch * heads * H * W * (H + W) * dim;
}

function uniformsOf(h: Heads, { hp, row }: BiasLayout) {
  const { H, W } = h.grid as { H: number; W: number };
  const { heads, dim } = h;
  const q = { qBatch: h.q.batch, qHead: h.q.head, qRow: h.q.row };
  return { heads, count: h.batch * heads, h: H, w: W, hp, biasRow: row, dim, ...q };
}

function launch(h: Heads, { hp, row }: BiasLayout, cols: number, S: number) {
  const { H, W } = h.grid as { H: number; W: number };
  const count = h.batch * h.heads;
  const [blocks, tiles] = [Math.ceil(count / 16), Math.ceil(cols / S)];
  const q = { qBatch: h.q.batch / 4, qHead: h.q.head / 4, qRow: h.q.row / 4 };
  return {
    uniforms: { heads: h.heads, count, h: H, w: W, hv: hp / 4, biasRow: row / 4, dv: h.dim / 4, blocks, tiles, ...q },
    groups: spread(H * W * blocks * tiles),
  };
}

/**
 * The bias factors [B * A, N, hp + wp] of every query; `S` is the subgroup size, 0 for any adapter.
 * @param lines the factors [B * A, hp + wp, N] instead, for lanes that own a query each; only with S = 0
 */
export function relPosBias(
  h: Heads,
  { q, relPosH, relPosW }: HeadTensors,
  layout: BiasLayout,
  S: number,
  lines = false,
): Tensor {
  const { device } = q;
  const count = h.batch * h.heads;
  const bias = empty(device, lines ? [count, layout.row, h.nq] : [count, h.nq, layout.row], { name: "attention" });
  const [tableH, tableW] = [relPosH as Tensor, relPosW as Tensor];
  if (S === 0) {
    const groups = spread(Math.ceil(bias.size / 64));
    // Neighbouring lanes read rows apart: a vec4 of each takes hardly longer than one element.
    const per = [h.dim, h.q.batch, h.q.head, h.q.row].every((n) => n % 4 === 0) ? 4 : 1;
    const { dim, qBatch, qHead, qRow, ...rest } = uniformsOf(h, layout);
    const scalars = { ...rest, dim: dim / per, qBatch: qBatch / per, qHead: qHead / per, qRow: qRow / per };
    const params = { LINES: lines, Elem: per === 4 ? "vec4f" : "f32", PART: per / 4 };
    relPosBiasKernel.run(device, { q, tableH, tableW, bias }, scalars, groups, params, flopsOf(h));
    return bias;
  }
  const { H, W } = h.grid as { H: number; W: number };
  const wStart = (H * h.dim * layout.hp) / 4;
  const tables = empty(device, [wStart + (W * h.dim * layout.wp) / 4, 4], { name: "attention" });
  const expand = (x: Tensor, size: number, cols: number, offset: number) => {
    const groups = spread(Math.ceil((size * h.dim * cols) / 64));
    relPosExpandKernel.run(device, { x, y: tables }, { size, cols, dim: h.dim, offset }, groups);
  };
  expand(tableH, H, layout.hp / 4, 0);
  expand(tableW, W, layout.wp / 4, wStart);
  const run = launch(h, layout, layout.row / 4, S);
  relPosBiasSubgroupKernel.run(device, { q, tables, bias }, { ...run.uniforms, wStart }, run.groups, { S }, flopsOf(h));
  tables.dispose("attention");
  return bias;
}

/** Adds what reaches q through the bias to `dq`, which has q's layout. */
export function relPosGradQ(h: Heads, dbias: Tensor, t: HeadTensors, dq: Tensor, layout: BiasLayout, S: number): void {
  const tensors = { dbias, tableH: t.relPosH as Tensor, tableW: t.relPosW as Tensor, dq };
  if (S === 0) {
    const elements = h.batch * h.heads * h.nq * h.dim;
    const groups = spread(Math.ceil(elements / 64));
    relPosGradQKernel.run(dq.device, tensors, uniformsOf(h, layout), groups, {}, flopsOf(h));
    return;
  }
  const run = launch(h, layout, h.dim / 4, S);
  relPosGradQSubgroupKernel.run(dq.device, tensors, run.uniforms, run.groups, { S }, flopsOf(h));
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
