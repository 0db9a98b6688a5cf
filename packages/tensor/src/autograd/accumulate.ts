import { defineKernel, spread } from "../kernel/define-kernel";
import type { Tensor } from "../tensor/tensor";
import accumulateWgsl from "./accumulate.wgsl";

export const accumulateKernel = /* @__PURE__ */ defineKernel({
  name: "accumulate",
  source: [accumulateWgsl],
  params: { WG: [64, 128, 256] },
  uniforms: { count: "u32" },
});

/** `y += x` in place; same shape, f32, different bytes. */
export function accumulate(y: Tensor, x: Tensor): void {
  accumulateKernel.run(y.device, { x, y }, { count: y.size }, spread(Math.ceil(y.size / 256)));
}
