import { ShapeError } from "../../errors";
import { defineKernel } from "../../kernel/define-kernel";
import { planeGrid } from "../../kernel/grid";
import { defineOp } from "../../op/define-op";
import { expectShape, type Shape, show } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { maxPool2dRef } from "./max-pool2d.ref";
import maxPoolWgsl from "./max-pool2d.wgsl";
import maxPoolGradWgsl from "./max-pool2d-grad.wgsl";

const uniforms = { planes: "u32", h: "u32", w: "u32", ho: "u32", wo: "u32", kernel: "u32" } as const;

export const maxPool2dKernel = /* @__PURE__ */ defineKernel({
  name: "max-pool2d",
  source: [maxPoolWgsl],
  params: { KERNEL: [0, 2] },
  uniforms,
});
export const maxPool2dGradKernel = /* @__PURE__ */ defineKernel({
  name: "max-pool2d-grad",
  source: [maxPoolGradWgsl],
  params: { KERNEL: [0, 2] },
  uniforms,
});

function sizes(x: Shape, kernel: number) {
  const { B, C, H: h, W: w } = expectShape("maxPool2d", "x", x, "B C H W");
  return { planes: B * C, h, w, ho: Math.floor(h / kernel), wo: Math.floor(w / kernel), kernel };
}

export const maxPool2dOp = /* @__PURE__ */ defineOp({
  name: "maxPool2d",
  inputs: ["x"],
  shape: ({ x }, { kernel }: { kernel: number }) => {
    const { h, w, ho, wo } = sizes(x, kernel);
    if (!Number.isInteger(kernel) || kernel < 1 || kernel > Math.min(h, w))
      throw new ShapeError(
        "maxPool2d",
        `kernel does not fit. Got kernel ${kernel}, x ${show(x)}. Expected a whole number from 1 to ${Math.min(h, w)}.`,
      );
    return [x[0], x[1], ho, wo];
  },
  forward: ({ x }, { kernel }, y) => {
    const s = sizes(x.shape, kernel);
    maxPool2dKernel.run(x.device, { x, y }, s, planeGrid(Math.ceil(s.wo / 4), s.ho, s.planes), {
      KERNEL: kernel === 2 ? 2 : 0,
    });
    return undefined;
  },
  saves: ["x"],
  vjp: ({ x }, dy, { attrs: { kernel }, shapes }) => {
    const dx = empty(dy.device, shapes.x);
    const s = sizes(shapes.x, kernel);
    const grid = planeGrid(Math.ceil(s.w / (4 * kernel)), Math.ceil(s.h / kernel), s.planes);
    maxPool2dGradKernel.run(dy.device, { x, dy, dx }, s, grid, { KERNEL: kernel === 2 ? 2 : 0 });
    return { x: dx };
  },
  reference: maxPool2dRef,
});

/**
 * Largest value of every `kernel` x `kernel` window, the windows side by side (PyTorch's `F.max_pool2d(x, kernel)`): rows
 * and columns that fill no window are left out. Where values tie, the gradient goes to the first in raster order.
 *
 * x [B, C, H, W] -> [B, C, floor(H / kernel), floor(W / kernel)]. Throws ShapeError when the kernel is larger than x.
 */
export function maxPool2d(x: Tensor, kernel = 2): Tensor {
  return maxPool2dOp.apply({ x }, { kernel });
}
