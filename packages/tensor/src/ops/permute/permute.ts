import { ShapeError } from "../../errors";
import { defineOp } from "../../op/define-op";
import { axisOf, type Shape, show, stridesOf } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { permuteRef } from "./permute.ref";
import { stridedCopy } from "./strided-copy";

function order(dims: readonly number[], shape: Shape): number[] {
  const at = dims.map((d) => axisOf("permute", d, shape.length, "an entry of dims"));
  if (at.length !== shape.length || new Set(at).size !== at.length)
    throw new ShapeError(
      "permute",
      `dims is not an order of x's dimensions. Got dims ${show(dims)} for x ${show(shape)}. Expected each of 0 to ${shape.length - 1} once.`,
    );
  return at;
}

function launch(x: Tensor, y: Tensor, at: readonly number[]): void {
  const strides = stridesOf(x.shape);
  stridedCopy(
    "permute",
    x,
    y,
    y.shape,
    at.map((d) => strides[d]),
  );
}

export const permuteOp = /* @__PURE__ */ defineOp({
  name: "permute",
  inputs: ["x"],
  dtypes: { x: ["f32", "i32", "u32"] },
  shape: ({ x }, { dims }: { dims: readonly number[] }) => order(dims, x).map((d) => x[d]),
  dtype: ({ x }) => x,
  forward: ({ x }, { dims }, y) => {
    launch(x, y, order(dims, x.shape));
    return undefined;
  },
  vjp: (_, dy, { attrs: { dims }, shapes }) => {
    const at = order(dims, shapes.x);
    const dx = empty(dy.device, shapes.x);
    launch(
      dy,
      dx,
      at.map((_, d) => at.indexOf(d)),
    );
    return { x: dx };
  },
  reference: permuteRef,
});

/**
 * The dimensions in another order, copied into row-major memory (PyTorch's `permute(...).contiguous()`).
 *
 * x of up to six dimensions (more where neighbours stay together), f32, f16, i32 or u32; `y.shape[i] = x.shape[dims[i]]`.
 * @throws ShapeError when `dims` does not name every dimension once.
 * @example permute(nchw, [0, 2, 3, 1]) // [B, C, H, W] -> [B, H, W, C]
 */
export function permute(x: Tensor, dims: readonly number[]): Tensor {
  return permuteOp.apply({ x }, { dims });
}
