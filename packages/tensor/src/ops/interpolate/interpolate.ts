import { defineKernel } from "../../kernel/define-kernel";
import { planeGrid } from "../../kernel/grid";
import linearAxisWgsl from "../../kernel/lib/linear-axis.wgsl";
import { defineOp } from "../../op/define-op";
import type { Shape } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { linearAxis, resizedShape } from "./axis";
import bilinearWgsl from "./bilinear.wgsl";
import bilinearGradWgsl from "./bilinear-grad.wgsl";
import bilinearGradRowsWgsl from "./bilinear-grad-rows.wgsl";
import bilinearUpWgsl from "./bilinear-up.wgsl";
import { interpolateBilinearRef, interpolateNearestRef } from "./interpolate.ref";
import nearestWgsl from "./nearest.wgsl";
import nearestGradWgsl from "./nearest-grad.wgsl";

const sizes = { planes: "u32", h: "u32", w: "u32", ho: "u32", wo: "u32" } as const;
const axes = { scaleY: "i32", shiftY: "i32", unitY: "i32", scaleX: "i32", shiftX: "i32", unitX: "i32" } as const;
const steps = { scaleY: "f32", scaleX: "f32" } as const;

export const bilinearKernel = /* @__PURE__ */ defineKernel({
  name: "interpolate-bilinear",
  source: [bilinearWgsl],
  uniforms: { ...sizes, ...axes },
});
export const bilinearUpKernel = /* @__PURE__ */ defineKernel({
  name: "interpolate-bilinear-up",
  source: [bilinearUpWgsl],
  uniforms: { ...sizes, ...axes },
});
export const bilinearGradKernel = /* @__PURE__ */ defineKernel({
  name: "interpolate-bilinear-grad",
  source: [linearAxisWgsl, bilinearGradWgsl],
  uniforms: { ...sizes, ...axes },
});
export const bilinearGradRowsKernel = /* @__PURE__ */ defineKernel({
  name: "interpolate-bilinear-grad-rows",
  source: [linearAxisWgsl, bilinearGradRowsWgsl],
  uniforms: { planes: "u32", h: "u32", ho: "u32", wv: "u32", scale: "i32", shift: "i32", unit: "i32" },
});
export const nearestKernel = /* @__PURE__ */ defineKernel({
  name: "interpolate-nearest",
  source: [nearestWgsl],
  uniforms: { ...sizes, ...steps },
});
export const nearestGradKernel = /* @__PURE__ */ defineKernel({
  name: "interpolate-nearest-grad",
  source: [nearestGradWgsl],
  uniforms: { ...sizes, ...steps },
});

/** Options of {@link interpolateBilinear}. */
export interface InterpolateOptions {
  /** Corner pixels of x and y coincide; default false: the images' outer edges do. */
  alignCorners?: boolean;
}

interface BilinearAttrs extends InterpolateOptions {
  size: Shape;
}

function sizesOf(x: Shape, [ho, wo]: Shape) {
  return { planes: x[0] * x[1], h: x[2], w: x[3], ho, wo };
}

function bilinearUniforms(x: Shape, { size, alignCorners = false }: BilinearAttrs) {
  const vertical = linearAxis(x[2], size[0], alignCorners);
  const horizontal = linearAxis(x[3], size[1], alignCorners);
  return {
    ...sizesOf(x, size),
    scaleY: vertical.scale,
    shiftY: vertical.shift,
    unitY: vertical.unit,
    scaleX: horizontal.scale,
    shiftX: horizontal.shift,
    unitX: horizontal.unit,
  };
}

/** Where rows are added up, down the columns first: two short sums instead of one over a square of outputs. */
function bilinearGrad(dy: Tensor, dx: Tensor, u: ReturnType<typeof bilinearUniforms>): void {
  const grid = planeGrid(u.w, u.h, u.planes);
  if (u.wo % 4 !== 0 || u.scaleY >= u.unitY) {
    bilinearGradKernel.run(dy.device, { dy, dx }, u, grid);
    return;
  }
  const { planes, h, ho, wo, scaleY: scale, shiftY: shift, unitY: unit } = u;
  const rows = empty(dy.device, [planes, h, wo], { name: "interpolateBilinear" });
  const down = { planes, h, ho, wv: wo / 4, scale, shift, unit };
  bilinearGradRowsKernel.run(dy.device, { dy, dx: rows }, down, planeGrid(wo / 4, h, planes));
  bilinearGradKernel.run(dy.device, { dy: rows, dx }, { ...u, ho: h, scaleY: 1, shiftY: 0, unitY: 1 }, grid);
  rows.dispose("interpolateBilinear");
}

export const interpolateBilinearOp = /* @__PURE__ */ defineOp({
  name: "interpolateBilinear",
  inputs: ["x"],
  shape: ({ x }, attrs: BilinearAttrs) => {
    const shape = resizedShape("interpolateBilinear", x, attrs.size);
    bilinearUniforms(x, attrs); // throws before anything is allocated
    return shape;
  },
  forward: ({ x }, attrs, y) => {
    const u = bilinearUniforms(x.shape, attrs);
    const doubles = u.wo % 4 === 0 && 2 * u.scaleX <= u.unitX && 2 * u.scaleY <= u.unitY;
    if (doubles) bilinearUpKernel.run(x.device, { x, y }, u, planeGrid(u.wo / 4, Math.ceil(u.ho / 4), u.planes));
    else bilinearKernel.run(x.device, { x, y }, u, planeGrid(Math.ceil(u.wo / 4), u.ho, u.planes));
    return undefined;
  },
  vjp: (_, dy, { attrs, shapes }) => {
    const dx = empty(dy.device, shapes.x);
    bilinearGrad(dy, dx, bilinearUniforms(shapes.x, attrs));
    return { x: dx };
  },
  reference: interpolateBilinearRef,
});

export const interpolateNearestOp = /* @__PURE__ */ defineOp({
  name: "interpolateNearest",
  inputs: ["x"],
  shape: ({ x }, { size }: { size: Shape }) => resizedShape("interpolateNearest", x, size),
  forward: ({ x }, { size }, y) => {
    const s = sizesOf(x.shape, size);
    const u = { ...s, scaleY: s.h / s.ho, scaleX: s.w / s.wo };
    nearestKernel.run(x.device, { x, y }, u, planeGrid(Math.ceil(s.wo / 4), s.ho, s.planes));
    return undefined;
  },
  vjp: (_, dy, { attrs: { size }, shapes }) => {
    const dx = empty(dy.device, shapes.x);
    const s = sizesOf(shapes.x, size);
    const u = { ...s, scaleY: s.h / s.ho, scaleX: s.w / s.wo };
    nearestGradKernel.run(dy.device, { dy, dx }, u, planeGrid(s.w, s.h, s.planes));
    return { x: dx };
  },
  reference: interpolateNearestRef,
});

/**
 * Bilinear resizing without antialiasing (PyTorch's `F.interpolate(mode="bilinear")`), in either direction.
 *
 * x [B, C, h, w] -> [B, C, H, W]. Without `alignCorners` output o of an axis lies at source point `(o + 1/2) h / H - 1/2`,
 * with it at `o (h - 1) / (H - 1)`; points beyond the outermost pixel centres take its value. Source points are exact
 * fractions, so weights do not suffer from rounding at large sizes.
 */
export function interpolateBilinear(x: Tensor, size: Shape, options: InterpolateOptions = {}): Tensor {
  return interpolateBilinearOp.apply({ x }, { size, ...options });
}

/**
 * Resizing by copying the nearest pixel (PyTorch's `F.interpolate(mode="nearest")`).
 *
 * x [B, C, h, w] -> [B, C, H, W]; output o of an axis copies pixel `floor(o (h / H))`, computed in f32 as PyTorch does.
 */
export function interpolateNearest(x: Tensor, size: Shape): Tensor {
  return interpolateNearestOp.apply({ x }, { size });
}
