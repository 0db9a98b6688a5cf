import { defineKernel } from "../kernel/define-kernel";
import { elementGrid } from "../kernel/lib/grid";
import type { Tensor } from "../tensor/tensor";
import accumulateWgsl from "./accumulate.wgsl";

export const accumulateKernel = /* @__PURE__ */ defineKernel({
  name: "accumulate",
  source: [accumulateWgsl],
  params: { WG: [64] },
  uniforms: { count: "u32", per: "u32" },
});

/** `y += x` in place; same shape, f32, different bytes. */
export function accumulate(y: Tensor, x: Tensor): void {
  const count = Math.ceil(y.size / 4);
  const { per, groups } = elementGrid(y.device, count);
  accumulateKernel.run(y.device, { x, y }, { count, per }, groups);
}
