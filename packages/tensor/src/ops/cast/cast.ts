import { defineKernel } from "../../kernel/define-kernel";
import { elementGrid } from "../../kernel/lib/grid";
import { defineOp } from "../../op/define-op";
import { refArray } from "../../op/reference";
import { type DType, fromHalf, toHalf } from "../../tensor/dtype";
import { empty, type Tensor } from "../../tensor/tensor";
import castWgsl from "./cast.wgsl";

const types = ["vec4<f32>", "vec4<f16>", "vec4<i32>", "vec4<u32>"] as const;

export const castKernel = /* @__PURE__ */ defineKernel({
  name: "cast",
  source: [castWgsl],
  params: { WG: [64], In: types, Out: types },
  uniforms: { count: "u32", per: "u32" },
});

function launch(x: Tensor, y: Tensor): void {
  const count = Math.ceil(y.size / 4);
  const { per, groups } = elementGrid(y.device, count);
  castKernel.run(y.device, { x, y }, { count, per }, groups, { In: `vec4<${x.dtype}>`, Out: `vec4<${y.dtype}>` });
}

const convert: Record<DType, (v: number) => number> = {
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
    launch(x, y);
    return undefined;
  },
  vjp: (_, dy) => {
    if (dy.dtype === "f32") return { x: dy };
    const dx = empty(dy.device, dy.shape);
    launch(dy, dx);
    return { x: dx };
  },
  reference: ({ x }, { dtype }) => refArray(x.shape, x.data.map(convert[dtype])),
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
