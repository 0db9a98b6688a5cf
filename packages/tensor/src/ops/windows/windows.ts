import { ShapeError } from "../../errors";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { defineOp } from "../../op/define-op";
import { expectShape, type Shape, show } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { windowPartitionRef, windowUnpartitionRef } from "./windows.ref";
import windowsWgsl from "./windows.wgsl";

export const windowsKernel = /* @__PURE__ */ defineKernel({
  name: "windows",
  source: [windowsWgsl],
  params: { WG: [64], BACK: [false, true], Elem: ["u32", "vec4u"] },
  uniforms: {
    rows: "u32",
    parts: "u32",
    part: "u32",
    h: "u32",
    w: "u32",
    c: "u32",
    nh: "u32",
    nw: "u32",
    side: "u32",
  },
});

/** Moves between an image of size [h, w, c] and its windows of `side`; `back` goes to the image. */
function launch(x: Tensor, y: Tensor, [h, w, c]: readonly number[], side: number, back: boolean): void {
  if (y.size === 0) return;
  const by = c % 4 === 0 ? 4 : 1;
  const [nh, nw] = [Math.ceil(h / side), Math.ceil(w / side)];
  const rows = ((back ? y : x).size / (h * w * c)) * nh * nw * side;
  const whole = (side * c) / by;
  // A GPU wants every row of a window shared by many workgroups, a CPU-backed adapter as few workgroups as possible.
  const part = y.device.info.kind === "software" ? whole : Math.min(whole, 256);
  const parts = Math.ceil(whole / part);
  const uniforms = { rows, parts, part, h, w, c: c / by, nh, nw, side };
  const params = { BACK: back, Elem: by === 4 ? "vec4u" : "u32" };
  windowsKernel.run(y.device, { x, y }, uniforms, spread(rows * parts), params);
}

function side(op: string, window: number): number {
  if (!Number.isInteger(window) || window < 1)
    throw new ShapeError(op, `window is not a side length. Got ${window}. Expected a whole number >= 1.`);
  return window;
}

export const windowPartitionOp = /* @__PURE__ */ defineOp({
  name: "windowPartition",
  inputs: ["x"],
  shape: ({ x }, { window }: { window: number }) => {
    const { B, H, W, C } = expectShape("windowPartition", "x", x, "B H W C");
    const s = side("windowPartition", window);
    return [B * Math.ceil(H / s) * Math.ceil(W / s), s, s, C];
  },
  forward: ({ x }, { window }, y) => {
    launch(x, y, x.shape.slice(1), window, false);
    return undefined;
  },
  vjp: (_, dy, { attrs: { window }, shapes }) => {
    const dx = empty(dy.device, shapes.x);
    launch(dy, dx, shapes.x.slice(1), window, true);
    return { x: dx };
  },
  reference: windowPartitionRef,
});

export const windowUnpartitionOp = /* @__PURE__ */ defineOp({
  name: "windowUnpartition",
  inputs: ["x"],
  shape: ({ x }, { window, size: [H, W] }: { window: number; size: Shape }) => {
    const s = side("windowUnpartition", window);
    const { N, C } = expectShape("windowUnpartition", "x", x, "N S S C", { S: s });
    const count = Math.ceil(H / s) * Math.ceil(W / s);
    if (!(H > 0 && W > 0) || N % count !== 0)
      throw new ShapeError(
        "windowUnpartition",
        `x is not a whole number of images. Got x ${show(x)} for [H, W] = [${H}, ${W}]. Expected a multiple of ${count} windows of ${s} x ${s}.`,
      );
    return [N / count, H, W, C];
  },
  forward: ({ x }, { window, size: [h, w] }, y) => {
    launch(x, y, [h, w, x.shape[3]], window, true);
    return undefined;
  },
  vjp: (_, dy, { attrs: { window }, shapes }) => {
    const dx = empty(dy.device, shapes.x);
    launch(dy, dx, dy.shape.slice(1), window, false);
    return { x: dx };
  },
  reference: windowUnpartitionRef,
});

/**
 * Cuts an image into square windows, padded with zeros at the bottom and right (SAM's `window_partition`).
 *
 * x [B, H, W, C] -> [B nh nw, window, window, C] with nh = ceil(H / window), nw = ceil(W / window); one kernel.
 */
export function windowPartition(x: Tensor, window: number): Tensor {
  return windowPartitionOp.apply({ x }, { window });
}

/**
 * Puts windows back together and drops the padding (SAM's `window_unpartition`).
 *
 * x [B nh nw, window, window, C], size [H, W] -> [B, H, W, C].
 * @throws ShapeError when the windows do not make whole images.
 */
export function windowUnpartition(x: Tensor, window: number, size: readonly [H: number, W: number]): Tensor {
  return windowUnpartitionOp.apply({ x }, { window, size });
}
