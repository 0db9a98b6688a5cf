import { reduceSum } from "../../autograd/reduce-sum";
import type { Device } from "../../device/device";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { defineOp } from "../../op/define-op";
import { expectShape } from "../../tensor/shape";
import { empty, type Tensor, zeros } from "../../tensor/tensor";
import { checkAffine, checkEps, halves, type LayerNormOptions } from "../layer-norm/layer-norm";
import { layerNorm2dRef } from "../layer-norm/layer-norm.ref";
import layerNorm2dWgsl from "./layer-norm-2d.wgsl";
import gradWgsl from "./layer-norm-2d-grad.wgsl";
import paramsWgsl from "./layer-norm-2d-params.wgsl";

const params = { WG: [64], Elem: ["vec4f", "f32"] } as const;
const sizes = { batch: "u32", channels: "u32", area: "u32" } as const;

export const layerNorm2dKernel = /* @__PURE__ */ defineKernel({
  name: "layer-norm-2d",
  source: [layerNorm2dWgsl],
  params,
  uniforms: { ...sizes, eps: "f32" },
});
export const layerNorm2dGradKernel = /* @__PURE__ */ defineKernel({
  name: "layer-norm-2d-grad",
  source: [gradWgsl],
  params,
  uniforms: sizes,
});
export const layerNorm2dParamsKernel = /* @__PURE__ */ defineKernel({
  name: "layer-norm-2d-params",
  source: [paramsWgsl],
  uniforms: { ...sizes, chunks: "u32", chunk: "u32" },
});

/** Lanes take four pixels where there are enough of them to fill a GPU anyway. */
function layout(
  device: Device,
  batch: number,
  area: number,
): { width: number; Elem: string; groups: [number, number] } {
  const vec = area % 4 === 0 && (device.info.kind === "software" || batch * area >= 65536);
  const width = vec ? area / 4 : area;
  return { width, Elem: vec ? "vec4f" : "f32", groups: spread(Math.ceil((batch * width) / 64)) };
}

export const layerNorm2dOp = /* @__PURE__ */ defineOp({
  name: "layerNorm2d",
  inputs: ["x", "weight", "bias"],
  shape: ({ x, weight, bias }, _: Required<LayerNormOptions>) => {
    const { C } = expectShape("layerNorm2d", "x", x, "B C H W");
    checkAffine("layerNorm2d", C, x, weight, bias);
    return x;
  },
  forward: ({ x, weight, bias }, { eps }, y, saving) => {
    if (y.size === 0) return undefined;
    const [batch, channels, h, w] = x.shape;
    const { width, Elem, groups } = layout(x.device, batch, h * w);
    const stats = empty(x.device, [2, batch, h, w]);
    const uniforms = { batch, channels, area: width, eps };
    layerNorm2dKernel.run(x.device, { x, weight, bias, y, stats }, uniforms, groups, { Elem });
    if (saving) return { stats };
    stats.dispose("layerNorm2d");
    return undefined;
  },
  saves: ["x", "weight", "stats"],
  vjp: ({ x, weight, stats }, dy, { needs, shapes }) => {
    const [batch, channels, h, w] = shapes.x;
    const area = h * w;
    const dx = needs.x ? empty(dy.device, shapes.x) : null;
    if (dx && dy.size > 0) {
      const { width, Elem, groups } = layout(dy.device, batch, area);
      const uniforms = { batch, channels, area: width };
      layerNorm2dGradKernel.run(dy.device, { x, weight, stats, dy, dx }, uniforms, groups, { Elem });
    }
    if (!needs.weight && !needs.bias) return { x: dx };
    if (!needs.weight || dy.size === 0)
      return {
        x: dx,
        weight: zeros(dy.device, shapes.weight),
        bias: reduceSum(dy, [true, false, true, true], [channels]),
      };
    const chunks = Math.ceil(area / 4096);
    const sums = empty(dy.device, [2, batch, channels, chunks]);
    layerNorm2dParamsKernel.run(
      dy.device,
      { x, stats, dy, sums },
      { batch, channels, area, chunks, chunk: 4096 },
      spread(batch * channels * chunks),
    );
    const both = reduceSum(sums, [false, true, false, true], [2, channels]); // [dweight; dbias]
    return { x: dx, ...halves(both, channels, needs) };
  },
  reference: (inputs, attrs) => layerNorm2dRef(inputs, attrs),
});

/**
 * Layer normalisation over the channels of each pixel, with the biased variance (SAM's `LayerNorm2d`).
 *
 * x [B, C, H, W], weight [C], bias [C] -> [B, C, H, W].
 * @throws ShapeError when weight or bias do not match the channels.
 */
export function layerNorm2d(x: Tensor, weight: Tensor, bias: Tensor, options: LayerNormOptions = {}): Tensor {
  const { eps = 1e-6 } = options;
  return layerNorm2dOp.apply({ x, weight, bias }, { eps: checkEps("layerNorm2d", eps) });
}
