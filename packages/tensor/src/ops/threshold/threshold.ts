import { defineKernel } from "../../kernel/define-kernel";
import { elementGrid } from "../../kernel/lib/grid";
import { defineOp } from "../../op/define-op";
import { refArray } from "../../op/reference";
import type { Tensor } from "../../tensor/tensor";
import thresholdWgsl from "./threshold.wgsl";

export const thresholdKernel = /* @__PURE__ */ defineKernel({
  name: "threshold",
  source: [thresholdWgsl],
  params: { WG: [64] },
  uniforms: { count: "u32", per: "u32", value: "f32" },
});

export const thresholdOp = /* @__PURE__ */ defineOp({
  name: "threshold",
  inputs: ["x"],
  shape: ({ x }, _: { value: number }) => x,
  forward: ({ x }, { value }, y) => {
    const count = Math.ceil(y.size / 4);
    const { per, groups } = elementGrid(y.device, count);
    thresholdKernel.run(y.device, { x, y }, { count, per, value }, groups);
    return undefined;
  },
  reference: ({ x }, { value }) =>
    refArray(
      x.shape,
      x.data.map((v) => (v >= Math.fround(value) ? 1 : 0)),
    ),
});

/** 1 where `x >= value`, else 0, in f32; NaN gives 0. Has no gradient. */
export function threshold(x: Tensor, value: number): Tensor {
  return thresholdOp.apply({ x }, { value });
}
