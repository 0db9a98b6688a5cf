import type { Device } from "../../device/device";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { empty, type Tensor } from "../../tensor/tensor";
import gradKvWgsl from "./attention-grad-kv-plain.wgsl";
import gradQWgsl from "./attention-grad-q-plain.wgsl";
import forwardWgsl from "./attention-plain.wgsl";
import { attentionFlops, type GradTensors, type Heads, type HeadTensors, headUniforms, strideUniforms } from "./heads";
import type { BiasLayout } from "./rel-pos";

const params = { WG: [64], D: [64, 80, 32, 16], ROLLED: [false, true], REL: [false, true] };

export const attentionPlainKernel = /* @__PURE__ */ defineKernel({
  name: "attention-plain",
  source: [forwardWgsl],
  params,
  uniforms: { ...headUniforms, last: "u32", scale: "f32" },
});
export const attentionGradQPlainKernel = /* @__PURE__ */ defineKernel({
  name: "attention-grad-q-plain",
  source: [gradQWgsl],
  params,
  uniforms: { ...headUniforms, last: "u32", scale: "f32" },
});
export const attentionGradKvPlainKernel = /* @__PURE__ */ defineKernel({
  name: "attention-grad-kv-plain",
  source: [gradKvWgsl],
  params,
  uniforms: { ...headUniforms, dkOffset: "u32", dvOffset: "u32", last: "u32", scale: "f32" },
});

function launch(h: Heads, rows: number, layout: BiasLayout, device: Device) {
  const blocks = Math.ceil(rows / 64);
  const count = h.batch * h.heads;
  const { heads, nq, nk, scale } = h;
  const grid = { w: h.grid?.W ?? 1, hp: layout.hp, biasRow: layout.row };
  return {
    uniforms: { heads, count, nq, nk, blocks, ...grid, ...strideUniforms(h), last: h.dim, scale },
    groups: spread(blocks * count),
    params: { D: h.dim, ROLLED: device.info.kind === "software", REL: h.grid !== null },
  };
}

/** Writes y and the log-sum-exp of every query. */
export function forwardPlain(
  h: Heads,
  t: HeadTensors,
  bias: Tensor | null,
  layout: BiasLayout,
  y: Tensor,
  lse: Tensor,
) {
  const run = launch(h, h.nq, layout, y.device);
  const tensors = { q: t.q, k: t.k, v: t.v, bias: bias ?? t.q, y, lse };
  attentionPlainKernel.run(y.device, tensors, run.uniforms, run.groups, run.params, attentionFlops(h, 2));
}

/** Writes dq (without what comes through the bias) and the gradient of the bias factors. */
export function gradQPlain(h: Heads, t: GradTensors, layout: BiasLayout, dq: Tensor, dbias: Tensor | null) {
  const run = launch(h, h.nq, layout, dq.device);
  const { q, k, v, dy, stats } = t;
  const tensors = { q, k, v, dy, stats, bias: t.bias ?? q, dq, dbias: dbias ?? empty(dq.device, [4]) };
  attentionGradQPlainKernel.run(dq.device, tensors, run.uniforms, run.groups, run.params, attentionFlops(h, 3));
  if (!dbias) tensors.dbias.dispose("attention");
}

/** Writes dk and dv from their offsets into one tensor. */
export function gradKvPlain(
  h: Heads,
  t: GradTensors,
  layout: BiasLayout,
  dkv: Tensor,
  dkOffset: number,
  dvOffset: number,
) {
  const run = launch(h, h.nk, layout, dkv.device);
  const { q, k, v, dy, stats } = t;
  const tensors = { q, k, v, dy, stats, bias: t.bias ?? q, dkv };
  const uniforms = { ...run.uniforms, dkOffset, dvOffset };
  attentionGradKvPlainKernel.run(dkv.device, tensors, uniforms, run.groups, run.params, attentionFlops(h, 4));
}
