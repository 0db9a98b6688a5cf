import type { Device } from "../../device/device";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { piecesOf } from "../../kernel/pieces";
import type { KernelParams } from "../../kernel/specialize";
import type { Tensor } from "../../tensor/tensor";
import forwardWgsl from "./attention-tile.wgsl";
import { attentionFlops, type Heads, type HeadTensors, headUniforms } from "./heads";
import type { BiasLayout } from "./rel-pos";

/** Query rows of a workgroup, and keys in workgroup memory: ROWS and BLOCK in WGSL. */
const ROWS = 32;
const BLOCK = 32;
const params = { WG: [64], D: [64, 80, 32, 16], ROLLED: [false, true], REL: [false, true] };

export const attentionTileKernel = /* @__PURE__ */ defineKernel({
  name: "attention-tile",
  source: [forwardWgsl],
  params,
  // Wider heads need more workgroup memory than WebGPU promises.
  variants: (): KernelParams[] => [32, 16].flatMap((D) => [false, true].map((REL) => ({ D, REL }))),
  uniforms: { ...headUniforms, last: "u32", scale: "f32", first: "u32", end: "u32" },
});

/** Bytes of workgroup memory: queries, keys or values, scores, and a few numbers of every row. */
function bytesFor({ dim }: Heads): number {
  const line = Math.ceil(dim / 4);
  return 16 * (ROWS * line + BLOCK * (line | 1) + ROWS * (BLOCK / 4 + 1)) + 4 * 3 * ROWS;
}

/** Whether the tile kernel takes these heads: whole vec4 everywhere, and room for its tiles in workgroup memory. */
export function tileTakes(device: Device, h: Heads): boolean {
  const { dim, q, kv, y, kOffset, vOffset } = h;
  const all = [dim, q.batch, q.head, q.row, kv.batch, kv.head, kv.row, y.batch, y.head, y.row, kOffset, vOffset];
  return all.every((n) => n % 4 === 0) && bytesFor(h) <= device.limits.maxComputeWorkgroupStorageSize;
}

/** Scalars that the tile kernels share; strides and offsets in vec4. */
export function tileUniforms(h: Heads, layout: BiasLayout, blocks: number) {
  const { heads, nq, nk, scale, q, kv, y } = h;
  const grid = { w: h.grid?.W ?? 1, hp: layout.hp, biasRow: layout.row };
  return {
    heads,
    count: h.batch * heads,
    nq,
    nk,
    blocks,
    ...grid,
    qBatch: q.batch / 4,
    qHead: q.head / 4,
    qRow: q.row / 4,
    kBatch: kv.batch / 4,
    kHead: kv.head / 4,
    kRow: kv.row / 4,
    kOffset: h.kOffset / 4,
    vOffset: h.vOffset / 4,
    yBatch: y.batch / 4,
    yHead: y.head / 4,
    yRow: y.row / 4,
    scale,
  };
}

/**
 * Writes y and the log-sum-exp of every query.
 * @param bias [B * A, biasRow, Nq]: lines along the queries
 */
export function forwardTile(h: Heads, t: HeadTensors, bias: Tensor | null, layout: BiasLayout, y: Tensor, lse: Tensor) {
  const { device } = y;
  const blocks = Math.ceil(h.nq / ROWS);
  const tensors = { q: t.q, k: t.k, v: t.v, bias: bias ?? t.q, y, lse };
  const uniforms = { ...tileUniforms(h, layout, blocks), last: h.dim / 4 };
  const params = {
    D: h.dim,
    ROLLED: device.info.kind === "software",
    REL: h.grid !== null,
  };
  for (const { first, end, flops } of piecesOf(blocks * h.batch * h.heads, attentionFlops(h, 2)))
    attentionTileKernel.run(device, tensors, { ...uniforms, first, end }, spread(end - first), params, flops);
}
