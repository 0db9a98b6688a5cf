import type { Device } from "../../device/device";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { piecesOf } from "../../kernel/pieces";
import type { KernelParams } from "../../kernel/specialize";
import type { Tensor } from "../../tensor/tensor";
import forwardWgsl from "./attention-tile.wgsl";
import { attentionFlops, type Heads, type HeadTensors, headUniforms } from "./heads";
import type { BiasLayout } from "./rel-pos";

const params = { WG: [64, 128], D: [64, 80, 32, 16], BLOCK: [32, 16], ROLLED: [false, true], REL: [false, true] };

export const attentionTileKernel = /* @__PURE__ */ defineKernel({
  name: "attention-tile",
  source: [forwardWgsl],
  params,
  variants: (): KernelParams[] => [
    ...[64, 80, 32, 16].flatMap((D) => [false, true].map((REL) => ({ D, REL, BLOCK: D > 64 ? 16 : 32 }))),
    { ROLLED: true },
    { WG: 128 },
    { BLOCK: 16 },
  ],
  uniforms: { ...headUniforms, last: "u32", scale: "f32", first: "u32", end: "u32" },
});

/** Keys that fit in workgroup memory beside their values: 32, 16, or 0 where the head is too wide. */
function blockFor(device: Device, { dim }: Heads): number {
  const { maxComputeWorkgroupStorageSize } = device.limits;
  return [32, 16].find((keys) => 2 * keys * dim * 4 <= maxComputeWorkgroupStorageSize) ?? 0;
}

/** Whether the tile kernel takes these heads: whole vec4 everywhere, and a block of keys in workgroup memory. */
export function tileTakes(device: Device, h: Heads): boolean {
  const { dim, q, kv, y, kOffset, vOffset } = h;
  const all = [dim, q.batch, q.head, q.row, kv.batch, kv.head, kv.row, y.batch, y.head, y.row, kOffset, vOffset];
  return all.every((n) => n % 4 === 0) && blockFor(device, h) > 0;
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
  const WG = 64;
  const blocks = Math.ceil(h.nq / WG);
  const tensors = { q: t.q, k: t.k, v: t.v, bias: bias ?? t.q, y, lse };
  const uniforms = { ...tileUniforms(h, layout, blocks), last: h.dim / 4 };
  const params = {
    WG,
    D: h.dim,
    BLOCK: blockFor(device, h),
    ROLLED: device.info.kind === "software",
    REL: h.grid !== null,
  };
  for (const { first, end, flops } of piecesOf(blocks * h.batch * h.heads, attentionFlops(h, 2)))
    attentionTileKernel.run(device, tensors, { ...uniforms, first, end }, spread(end - first), params, flops);
}
