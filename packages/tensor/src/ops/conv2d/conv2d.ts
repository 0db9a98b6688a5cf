import { defineOp } from "../../op/define-op";
import { empty, type Tensor } from "../../tensor/tensor";
import { conv2dRef } from "./conv2d.ref";
import { convGeometry } from "./geometry";
import { convBiasGrad, convForward, convInputGrad, convWeightGrad } from "./products";

/** Options of {@link conv2d}. */
export interface Conv2dOptions {
  /** Step between patches, along both axes; default 1. */
  stride?: number;
  /** Zeros around x on all four sides; default 0. */
  padding?: number;
}

export const conv2dOp = /* @__PURE__ */ defineOp({
  name: "conv2d",
  inputs: ["x", "weight"],
  optional: ["bias"],
  dtypes: { weight: ["f32", "f16"] },
  shape: ({ x, weight, bias }, attrs: Conv2dOptions) => {
    const { batch, cout, ho, wo } = convGeometry("conv2d", x, weight, bias, attrs);
    return [batch, cout, ho, wo];
  },
  forward: ({ x, weight, bias }, attrs, y) => {
    convForward(x, weight, bias, y, convGeometry("conv2d", x.shape, weight.shape, null, attrs));
    return undefined;
  },
  saves: (needs) => [...(needs.x ? ["weight"] : []), ...(needs.weight ? ["x"] : [])],
  vjp: ({ x, weight }, dy, { attrs, needs, shapes }) => {
    const geometry = convGeometry("conv2d", shapes.x, shapes.weight, null, attrs);
    const dx = needs.x ? empty(dy.device, shapes.x) : null;
    const dweight = needs.weight ? empty(dy.device, shapes.weight) : null;
    if (dx) convInputGrad(dy, weight, dx, geometry);
    if (dweight) convWeightGrad(x, dy, dweight, geometry);
    return { x: dx, weight: dweight, bias: needs.bias ? convBiasGrad(dy) : null };
  },
  reference: conv2dRef,
});

/**
 * Cross-correlation of images with kernels (PyTorch's `F.conv2d`, without dilation and groups).
 *
 * x [B, Cin, H, W], weight [Cout, Cin, kh, kw] (f32, or f16 as frozen storage), bias [Cout] or null
 * -> [B, Cout, (H + 2 padding - kh) / stride + 1, (W + 2 padding - kw) / stride + 1], rounded down.
 * Runs as matrix products over patches: a 1 x 1 kernel on x as it lies, others on columns of at most 64 MiB at a time.
 * Throws ShapeError when ranks or channels differ, or the kernel is larger than the padded image.
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv2dOptions = {}): Tensor {
  return conv2dOp.apply({ x, weight, bias }, options);
}
