import { convert } from "../../kernel/lib/convert";
import { defineOp } from "../../op/define-op";
import { refArray } from "../../op/reference";
import { type DType, fromHalf, toHalf } from "../../tensor/dtype";
import { empty, type Tensor } from "../../tensor/tensor";

const rounded: Record<DType, (v: number) => number> = {
  f32: (v) => v,
  f16: (v) => fromHalf(toHalf(v)),
  i32: Math.trunc,
  u32: Math.trunc,
};

export const castOp = /* @__PURE__ */ defineOp({
  name: "cast",
  inputs: ["x"],
  dtypes: { x: ["f32", "f16", "i32", "u32"] },
  shape: ({ x }, _: { dtype: DType }) => x,
  dtype: (_, { dtype }) => dtype,
  forward: ({ x }, _, y) => {
    convert(x, y);
    return undefined;
  },
  vjp: (_, dy) => {
    if (dy.dtype === "f32") return { x: dy };
    const dx = empty(dy.device, dy.shape);
    convert(dy, dx);
    return { x: dx };
  },
  reference: ({ x }, { dtype }) => refArray(x.shape, x.data.map(rounded[dtype])),
});

/**
 * The values in another element type (PyTorch's `to(dtype)`), mostly f32 to f16 and back. Gradients are f32 on either side.
 *
 * f32 to f16 rounds to nearest; a float to an integer drops its fraction. The same type gives x itself.
 * @throws DTypeError for f16 on an adapter without `shader-f16`.
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  x.assertAlive("cast", "x");
  return x.dtype === dtype ? x : castOp.apply({ x }, { dtype });
}
