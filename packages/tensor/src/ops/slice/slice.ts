import { ShapeError } from "../../errors";
import { defineOp } from "../../op/define-op";
import { refArray } from "../../op/reference";
import { axisOf, type Shape, show, sizeOf } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { launchPad } from "../pad/pad";
import { stridedCopy } from "../permute/strided-copy";

interface Attrs {
  dim: number;
  start: number;
  end: number;
}

/** x as [outer, size, inner] around the sliced dimension. */
function around({ dim }: Attrs, shape: Shape): { outer: number; size: number; inner: number } {
  const at = axisOf("slice", dim, shape.length);
  return { outer: sizeOf(shape.slice(0, at)), size: shape[at], inner: sizeOf(shape.slice(at + 1)) };
}

export const sliceOp = /* @__PURE__ */ defineOp({
  name: "slice",
  inputs: ["x"],
  dtypes: { x: ["f32", "i32", "u32"] },
  shape: ({ x }, { dim, start, end }: Attrs) => {
    const at = axisOf("slice", dim, x.length);
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > x[at])
      throw new ShapeError(
        "slice",
        `the range is not inside x. Got start ${start}, end ${end} for dimension ${at} of x ${show(x)}. Expected 0 <= start <= end <= ${x[at]}.`,
      );
    return x.map((d, i) => (i === at ? end - start : d));
  },
  dtype: ({ x }) => x,
  forward: ({ x }, attrs, y) => {
    const { outer, size, inner } = around(attrs, x.shape);
    const width = (attrs.end - attrs.start) * inner;
    stridedCopy("slice", x, y, [outer, width], [size * inner, 1], attrs.start * inner);
    return undefined;
  },
  vjp: (_, dy, { attrs, shapes }) => {
    const { outer, size, inner } = around(attrs, shapes.x);
    const dx = empty(dy.device, shapes.x);
    const pads = [
      [0, 0],
      [attrs.start * inner, (size - attrs.end) * inner],
    ] as const;
    launchPad("slice", dy, [outer, (attrs.end - attrs.start) * inner], dx, pads);
    return { x: dx };
  },
  reference: ({ x }, attrs) => {
    const { outer, size, inner } = around(attrs, x.shape);
    const at = axisOf("slice", attrs.dim, x.shape.length);
    const y = refArray(x.shape.map((d, i) => (i === at ? attrs.end - attrs.start : d)));
    const width = (attrs.end - attrs.start) * inner;
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < width; i++) y.data[o * width + i] = x.data[o * size * inner + attrs.start * inner + i];
    return y;
  },
});

/**
 * The elements `start` to `end` (exclusive) of one dimension, as a copy (PyTorch's `narrow`). f32, f16, i32 or u32.
 * @throws ShapeError when the range leaves x; negative `dim` counts from the end, negative positions are an error.
 */
export function slice(x: Tensor, dim: number, start: number, end: number): Tensor {
  return sliceOp.apply({ x }, { dim, start, end });
}
