import { defineKernel, spread } from "../../kernel/define-kernel";
import { empty, type Tensor } from "../../tensor/tensor";
import gradKvWgsl from "./attention-grad-kv-subgroup.wgsl";
import gradQWgsl from "./attention-grad-q-subgroup.wgsl";
import forwardWgsl from "./attention-subgroup.wgsl";
import { attentionFlops, type GradTensors, type Heads, type HeadTensors } from "./heads";
import type { BiasLayout } from "./rel-pos";
import rowsWgsl from "./rows.wgsl";
import rowsGradWgsl from "./rows-grad.wgsl";
import scoresWgsl from "./scores.wgsl";
import tile32Wgsl from "./tile-32.wgsl";
import tile32GradWgsl from "./tile-32-grad.wgsl";
import { LANES, packTiles, type Tiling, tilingOf } from "./tiles";

// Strides of the queries and their outputs, and of the keys, as every kernel's Params has them in a row.
const queryNames = { qBatch: "u32", qHead: "u32", qRow: "u32", yBatch: "u32", yHead: "u32", yRow: "u32" } as const;
const keyNames = { kBatch: "u32", kHead: "u32", kRow: "u32", kOffset: "u32" } as const;

const sizes = {
  heads: "u32",
  count: "u32",
  n: "u32",
  dv: "u32",
  blocks: "u32",
  w: "u32",
  wp: "u32",
  chunks: "u32",
  steps: "u32",
  hp: "u32",
  biasRow: "u32",
  ...queryNames,
  nk: "u32",
  ...keyNames,
  lanes: "u32",
} as const;
const keySizes = {
  heads: "u32",
  count: "u32",
  n: "u32",
  dv: "u32",
  blocks: "u32",
  tiles: "u32",
  w: "u32",
  hp: "u32",
  biasRow: "u32",
  second: "u32",
  ...keyNames,
  vOffset: "u32",
  dkOffset: "u32",
  dvOffset: "u32",
  nq: "u32",
  ...queryNames,
  scale: "f32",
  lanes: "u32",
} as const;

const params = { CH: [2, 1, 3, 4], REL: [false, true] };

export const attentionSubgroupKernel = /* @__PURE__ */ defineKernel({
  name: "attention-subgroup",
  source: [rowsWgsl, tile32Wgsl, scoresWgsl, forwardWgsl],
  params,
  uniforms: sizes,
});
export const attentionGradQSubgroupKernel = /* @__PURE__ */ defineKernel({
  name: "attention-grad-q-subgroup",
  source: [rowsWgsl, rowsGradWgsl, tile32Wgsl, tile32GradWgsl, scoresWgsl, gradQWgsl],
  params,
  uniforms: { ...sizes, np: "u32", second: "u32", scale: "f32" },
});
export const attentionGradKvSubgroupKernel = /* @__PURE__ */ defineKernel({
  name: "attention-grad-kv-subgroup",
  source: [rowsWgsl, rowsGradWgsl, tile32Wgsl, tile32GradWgsl, gradKvWgsl],
  params,
  uniforms: keySizes,
});

/** The widest head that the kernels hold: four vec4 of channels a lane. */
export const WIDEST = 16 * LANES;
/** Rows of the tile that a subgroup owns: TALL in WGSL. */
const TALL = 32;

function queryStrides(h: Heads) {
  const q = { qBatch: h.q.batch / 4, qHead: h.q.head / 4, qRow: h.q.row / 4 };
  return { ...q, yBatch: h.y.batch / 4, yHead: h.y.head / 4, yRow: h.y.row / 4 };
}

function keyStrides(h: Heads) {
  return { kBatch: h.kv.batch / 4, kHead: h.kv.head / 4, kRow: h.kv.row / 4 };
}

function launch(h: Heads, rows: number, tiling: Tiling, layout: BiasLayout) {
  const blocks = Math.ceil(rows / TALL);
  const count = h.batch * h.heads;
  const { w, wp, chunks, steps } = tiling;
  const grid = { w, wp, chunks, steps, hp: layout.hp / 4, biasRow: layout.row / 4 };
  return {
    uniforms: {
      heads: h.heads,
      count,
      n: rows,
      dv: h.dim / 4,
      blocks,
      ...grid,
      ...queryStrides(h),
      nk: h.nk,
      ...keyStrides(h),
      lanes: LANES,
    },
    groups: spread(blocks * count),
    params: { CH: Math.ceil(h.dim / (4 * LANES)), REL: h.grid !== null },
  };
}

/** Writes y and the log-sum-exp of every query. */
export function forwardSubgroup(
  h: Heads,
  t: HeadTensors,
  bias: Tensor | null,
  tiling: Tiling,
  layout: BiasLayout,
  y: Tensor,
  lse: Tensor,
): void {
  const keys = packTiles(h, tiling, [{ x: t.k, layout: h.kv, offset: h.kOffset, scale: h.scale }]);
  const run = launch(h, h.nq, tiling, layout);
  const tensors = { q: t.q, keys, rows: t.v, bias: bias ?? t.q, y, lse };
  const uniforms = { ...run.uniforms, kOffset: h.vOffset / 4 };
  attentionSubgroupKernel.run(y.device, tensors, uniforms, run.groups, run.params, attentionFlops(h, 2));
  keys.dispose("attention");
}

/** Writes dq (without what comes through the bias) and the gradient of the bias factors. */
export function gradQSubgroup(
  h: Heads,
  t: GradTensors,
  tiling: Tiling,
  layout: BiasLayout,
  dq: Tensor,
  dbias: Tensor | null,
): void {
  const k = { x: t.k, layout: h.kv, offset: h.kOffset, scale: h.scale };
  const keys = packTiles(h, tiling, [k, { x: t.v, layout: h.kv, offset: h.vOffset, scale: 1 }]);
  const run = launch(h, h.nq, tiling, layout);
  const unused = dbias ? null : empty(dq.device, [4], { name: "attention" });
  attentionGradQSubgroupKernel.run(
    dq.device,
    { q: t.q, dy: t.dy, keys, rows: t.k, bias: t.bias ?? t.q, stats: t.stats, dq, dbias: dbias ?? (unused as Tensor) },
    { ...run.uniforms, np: t.stats.shape[2], second: keys.size / 8, kOffset: h.kOffset / 4, scale: h.scale },
    run.groups,
    run.params,
    attentionFlops(h, 3),
  );
  for (const x of [keys, unused]) x?.dispose("attention");
}

/** Writes dk and dv from their offsets into one tensor. */
export function gradKvSubgroup(
  h: Heads,
  t: GradTensors,
  layout: BiasLayout,
  dkv: Tensor,
  dkOffset: number,
  dvOffset: number,
): void {
  const { device } = dkv;
  const tiling = tilingOf(1, h.nq);
  const parts = [
    { x: t.q, layout: h.q, offset: 0, scale: h.scale },
    { x: t.dy, layout: h.y, offset: 0, scale: 1 },
  ];
  const columns = packTiles(h, tiling, parts);
  const count = h.batch * h.heads;
  const lines = { batch: h.nq * layout.row, head: 0, row: layout.row };
  const bias =
    t.bias &&
    packTiles({ batch: count, heads: 1, dim: layout.row }, tiling, [{ x: t.bias, layout: lines, offset: 0, scale: 1 }]);
  const blocks = Math.ceil(h.nk / TALL);
  const sizes = { heads: h.heads, count, n: h.nk, dv: h.dim / 4, blocks, tiles: tiling.tiles };
  const grid = { w: h.grid?.W ?? 1, hp: layout.hp, biasRow: layout.row, second: columns.size / 8 };
  const offsets = { kOffset: h.kOffset / 4, vOffset: h.vOffset / 4, dkOffset: dkOffset / 4, dvOffset: dvOffset / 4 };
  attentionGradKvSubgroupKernel.run(
    device,
    { k: t.k, v: t.v, columns, q: t.q, dy: t.dy, stats: t.stats, bias: bias ?? t.q, dkv },
    { ...sizes, ...grid, ...keyStrides(h), ...offsets, nq: h.nq, ...queryStrides(h), scale: h.scale, lanes: LANES },
    spread(blocks * count),
    { CH: Math.ceil(h.dim / (4 * LANES)), REL: h.grid !== null },
    attentionFlops(h, 4),
  );
  for (const x of [columns, bias]) x?.dispose("attention");
}
