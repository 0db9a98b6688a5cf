import { ShapeError } from "../../errors";
import { defineOp } from "../../op/define-op";
import { refArray } from "../../op/reference";
import { broadcastStrides, type Shape, show, sizeOf } from "../../tensor/shape";
import type { Tensor } from "../../tensor/tensor";
import { stridedCopy } from "../permute/strided-copy";

export const expandOp = /* @__PURE__ */ defineOp({
  name: "expand",
  inputs: ["x"],
  dtypes: { x: ["f32", "i32", "u32"] },
  shape: ({ x }, { shape }: { shape: Shape }) => {
    const lead = shape.length - x.length;
    if (lead < 0 || x.some((d, i) => d !== 1 && d !== shape[lead + i]))
      throw new ShapeError(
        "expand",
        `x does not broadcast to the shape. Got x ${show(x)}, shape ${show(shape)}. Expected equal sizes or 1 from the right.`,
      );
    return shape;
  },
  dtype: ({ x }) => x,
  forward: ({ x }, { shape }, y) => {
    stridedCopy("expand", x, y, shape, broadcastStrides(x.shape, shape));
    return undefined;
  },
  vjp: (_, dy) => ({ x: dy }), // the tape sums what was repeated
  reference: ({ x }, { shape }) => {
    const y = refArray(shape);
    const strides = broadcastStrides(x.shape, shape);
    for (let i = 0; i < sizeOf(shape); i++) {
      let [rest, at] = [i, 0];
      for (let d = shape.length - 1; d >= 0; d--) {
        at += (rest % shape[d]) * strides[d];
        rest = Math.floor(rest / shape[d]);
      }
      y.data[i] = x.data[at];
    }
    return y;
  },
});

/**
 * x repeated along dimensions of size 1 and new leading ones, as a copy (PyTorch's `expand(...).contiguous()`). Its gradient is
 * the sum over the repeats.
 * @throws ShapeError when a size is neither 1 nor the wanted one.
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  return expandOp.apply({ x }, { shape });
}
