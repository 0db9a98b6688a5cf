import { ShapeError } from "../../errors";
import { defineOp } from "../../op/define-op";
import { expectShape, type Shape, show } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { type Geometry, wholeNumber } from "../conv2d/geometry";
import { convBiasGrad, convForward, convInputGrad, convWeightGrad } from "../conv2d/products";
import { convTranspose2dRef } from "./conv-transpose2d.ref";

/** Options of {@link convTranspose2d}. */
export interface ConvTranspose2dOptions {
  /** Step between the patches that pixels of x grow into, along both axes; default 2. */
  stride?: number;
}

/** Sizes of the convolution whose input gradient this op is: from y [B, Cout, ...] to x [B, Cin, H, W]. */
function adjointOf(x: Shape, weight: Shape, bias: Shape | null, { stride = 2 }: ConvTranspose2dOptions): Geometry {
  const op = "convTranspose2d";
  wholeNumber(op, "stride", stride, 1);
  const { B: batch, Cin: cout, H: ho, W: wo } = expectShape(op, "x", x, "B Cin H W");
  const { Cout: cin, kh, kw } = expectShape(op, "weight", weight, "Cin Cout kh kw", { Cin: cout });
  if (bias) expectShape(op, "bias", bias, "Cout", { Cout: cin });
  if (kh < 1 || kw < 1 || ho < 1 || wo < 1)
    throw new ShapeError(op, `a size is 0. Got x ${show(x)}, weight ${show(weight)}. Expected H, W, kh, kw >= 1.`);
  return {
    batch,
    cin,
    h: (ho - 1) * stride + kh,
    w: (wo - 1) * stride + kw,
    cout,
    ho,
    wo,
    kh,
    kw,
    stride,
    padding: 0,
  };
}

export const convTranspose2dOp = /* @__PURE__ */ defineOp({
  name: "convTranspose2d",
  inputs: ["x", "weight"],
  optional: ["bias"],
  dtypes: { weight: ["f32", "f16"] },
  shape: ({ x, weight, bias }, attrs: ConvTranspose2dOptions) => {
    const { batch, cin, h, w } = adjointOf(x, weight, bias, attrs);
    return [batch, cin, h, w];
  },
  forward: ({ x, weight, bias }, attrs, y) => {
    convInputGrad(x, weight, y, adjointOf(x.shape, weight.shape, null, attrs), bias);
    return undefined;
  },
  saves: (needs) => [...(needs.x ? ["weight"] : []), ...(needs.weight ? ["x"] : [])],
  vjp: ({ x, weight }, dy, { attrs, needs, shapes }) => {
    const geometry = adjointOf(shapes.x, shapes.weight, null, attrs);
    const dx = needs.x ? empty(dy.device, shapes.x) : null;
    const dweight = needs.weight ? empty(dy.device, shapes.weight) : null;
    if (dx) convForward(dy, weight, null, dx, geometry);
    if (dweight) convWeightGrad(dy, x, dweight, geometry);
    return { x: dx, weight: dweight, bias: needs.bias ? convBiasGrad(dy) : null };
  },
  reference: convTranspose2dRef,
});

/**
 * Transposed convolution without padding (PyTorch's `F.conv_transpose2d`): every pixel grows into a patch; patches overlap
 * and add up where the kernel is larger than the stride.
 *
 * x [B, Cin, H, W], weight [Cin, Cout, kh, kw] (f32, or f16 as frozen storage), bias [Cout] or null
 * -> [B, Cout, (H - 1) stride + kh, (W - 1) stride + kw]. Throws ShapeError when ranks or channels differ.
 */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTranspose2dOptions = {},
): Tensor {
  return convTranspose2dOp.apply({ x, weight, bias }, options);
}
