import type { Device } from "../../device/device";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { piecesOf } from "../../kernel/pieces";
import type { KernelParams } from "../../kernel/specialize";
import { empty, type Tensor } from "../../tensor/tensor";
import gradKvWgsl from "./attention-grad-kv-tile.wgsl";
import gradQWgsl from "./attention-grad-q-tile.wgsl";
import { attentionFlops, type GradTensors, type Heads, headUniforms } from "./heads";
import type { BiasLayout } from "./rel-pos";
import { tileTakes, tileUniforms } from "./tile";

/** Lanes of a workgroup; two of them share a row. */
const WG = 64;

const params = { WG: [WG], D: [64, 80, 32, 16], BLOCK: [16, 8], ROLLED: [false, true], REL: [false, true] };
const variants = (): KernelParams[] => [
  ...[64, 80, 32, 16].flatMap((D) => [false, true].map((REL) => ({ D, REL, BLOCK: D > 64 ? 8 : 16 }))),
  { ROLLED: true },
];

export const attentionGradQTileKernel = /* @__PURE__ */ defineKernel({
  name: "attention-grad-q-tile",
  source: [gradQWgsl],
  params,
  variants,
  uniforms: { ...headUniforms, last: "u32", scale: "f32", first: "u32", end: "u32" },
});
export const attentionGradKvTileKernel = /* @__PURE__ */ defineKernel({
  name: "attention-grad-kv-tile",
  source: [gradKvWgsl],
  params,
  variants,
  uniforms: { ...headUniforms, dkOffset: "u32", dvOffset: "u32", last: "u32", scale: "f32", first: "u32", end: "u32" },
});

/** Rows that fit in workgroup memory, twice, beside two numbers of every lane for each: 16, 8, or 0 where the head is too wide. */
function blockFor(device: Device, { dim }: Heads): number {
  const { maxComputeWorkgroupStorageSize } = device.limits;
  return [16, 8].find((rows) => 2 * rows * dim * 4 + rows * WG * 8 <= maxComputeWorkgroupStorageSize) ?? 0;
}

/** Whether the tile kernels of the gradients take these heads: those of the forward one whose halves are whole vec4. */
export function tileGradTakes(device: Device, h: Heads): boolean {
  return tileTakes(device, h) && h.dim % 8 === 0 && blockFor(device, h) > 0;
}

function launch(h: Heads, rows: number, products: 3 | 4, layout: BiasLayout, device: Device) {
  const blocks = Math.ceil(rows / (WG / 2));
  return {
    uniforms: { ...tileUniforms(h, layout, blocks), last: h.dim / 8 },
    pieces: piecesOf(blocks * h.batch * h.heads, attentionFlops(h, products)),
    params: {
      WG,
      D: h.dim,
      BLOCK: blockFor(device, h),
      ROLLED: device.info.kind === "software",
      REL: h.grid !== null,
    },
  };
}

/**
 * Writes dq (without what comes through the bias) and the gradient of the bias factors.
 * @param t its `bias` [B * A, biasRow, Nq]: lines along the queries
 * @param dbias as `bias`
 */
export function gradQTile(h: Heads, t: GradTensors, layout: BiasLayout, dq: Tensor, dbias: Tensor | null): void {
  const { q, k, v, dy, stats } = t;
  const run = launch(h, h.nq, 3, layout, dq.device);
  const unused = dbias ? null : empty(dq.device, [4], { name: "attention" });
  const tensors = { q, k, v, dy, stats, bias: t.bias ?? q, dq, dbias: dbias ?? (unused as Tensor) };
  for (const { first, end, flops } of run.pieces) {
    const uniforms = { ...run.uniforms, first, end };
    attentionGradQTileKernel.run(dq.device, tensors, uniforms, spread(end - first), run.params, flops);
  }
  unused?.dispose("attention");
}

/**
 * Writes dk and dv from their offsets into one tensor.
 * @param t its `bias` [B * A, Nq, biasRow]: a row per query
 */
export function gradKvTile(
  h: Heads,
  t: GradTensors,
  layout: BiasLayout,
  dkv: Tensor,
  dkOffset: number,
  dvOffset: number,
): void {
  const { q, k, v, dy, stats } = t;
  const run = launch(h, h.nk, 4, layout, dkv.device);
  const offsets = { dkOffset: dkOffset / 4, dvOffset: dvOffset / 4 };
  const tensors = { q, k, v, dy, stats, bias: t.bias ?? q, dkv };
  for (const { first, end, flops } of run.pieces) {
    const uniforms = { ...run.uniforms, ...offsets, first, end };
    attentionGradKvTileKernel.run(dkv.device, tensors, uniforms, spread(end - first), run.params, flops);
  }
}
