import { defineKernel } from "../../kernel/define-kernel";
import { elementGrid } from "../../kernel/lib/grid";
import { defineOp } from "../../op/define-op";
import { refArray } from "../../op/reference";
import { empty, type Tensor } from "../../tensor/tensor";
import affineWgsl from "./affine.wgsl";

export const affineKernel = /* @__PURE__ */ defineKernel({
  name: "affine",
  source: [affineWgsl],
  params: { WG: [64] },
  uniforms: { count: "u32", per: "u32", scale: "f32", shift: "f32" },
});

/** Numbers of {@link affine}. */
export interface AffineOptions {
  scale?: number;
  shift?: number;
}

function launch(x: Tensor, y: Tensor, scale: number, shift: number): void {
  const count = Math.ceil(x.size / 4);
  const { per, groups } = elementGrid(x.device, count);
  affineKernel.run(x.device, { x, y }, { count, per, scale, shift }, groups);
}

export const affineOp = /* @__PURE__ */ defineOp({
  name: "affine",
  inputs: ["x"],
  shape: ({ x }, _: AffineOptions) => x,
  forward: ({ x }, { scale = 1, shift = 0 }, y) => {
    launch(x, y, scale, shift);
    return undefined;
  },
  vjp: (_, dy, { attrs: { scale = 1 } }) => {
    if (scale === 1) return { x: dy };
    const dx = empty(dy.device, dy.shape);
    launch(dy, dx, scale, 0);
    return { x: dx };
  },
  reference: ({ x }, { scale = 1, shift = 0 }) =>
    refArray(
      x.shape,
      x.data.map((v) => scale * v + shift),
    ),
});

/** `scale x + shift` with plain numbers. */
export function affine(x: Tensor, options: AffineOptions): Tensor {
  return affineOp.apply({ x }, options);
}
