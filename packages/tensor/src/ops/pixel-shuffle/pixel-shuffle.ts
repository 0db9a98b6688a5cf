import { ShapeError } from "../../errors";
import { defineKernel } from "../../kernel/define-kernel";
import { planeGrid } from "../../kernel/grid";
import { defineOp } from "../../op/define-op";
import { expectShape, type Shape, show } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { pixelShuffleRef, pixelUnshuffleRef } from "./pixel-shuffle.ref";
import pixelShuffleWgsl from "./pixel-shuffle.wgsl";

export const pixelShuffleKernel = /* @__PURE__ */ defineKernel({
  name: "pixel-shuffle",
  source: [pixelShuffleWgsl],
  params: { UNSHUFFLE: [false, true], FACTOR: [0, 2, 4] },
  uniforms: { planes: "u32", h: "u32", w: "u32", r: "u32" },
});

function move(x: Tensor, y: Tensor, r: number, unshuffle: boolean): void {
  const [batch, channels, h, w] = (unshuffle ? y : x).shape;
  const planes = (batch * channels) / r;
  pixelShuffleKernel.run(x.device, { x, y }, { planes, h, w, r }, planeGrid(w, h, planes), {
    UNSHUFFLE: unshuffle,
    FACTOR: r === 2 || r === 4 ? r : 0,
  });
}

function checkFactor(op: string, r: number, fits: boolean, x: Shape, expected: string): void {
  if (!Number.isInteger(r) || r < 1 || !fits)
    throw new ShapeError(op, `r does not fit. Got r ${r}, x ${show(x)}. Expected ${expected}.`);
}

export const pixelShuffleOp = /* @__PURE__ */ defineOp({
  name: "pixelShuffle",
  inputs: ["x"],
  shape: ({ x }, { r }: { r: number }) => {
    const { B, C, H, W } = expectShape("pixelShuffle", "x", x, "B C H W");
    checkFactor("pixelShuffle", r, C % (r * r) === 0, x, "a whole number r >= 1 whose square divides C");
    return [B, C / (r * r), H * r, W * r];
  },
  forward: ({ x }, { r }, y) => {
    move(x, y, r, false);
    return undefined;
  },
  vjp: (_, dy, { attrs: { r }, shapes }) => {
    const dx = empty(dy.device, shapes.x);
    move(dy, dx, r, true);
    return { x: dx };
  },
  reference: pixelShuffleRef,
});

export const pixelUnshuffleOp = /* @__PURE__ */ defineOp({
  name: "pixelUnshuffle",
  inputs: ["x"],
  shape: ({ x }, { r }: { r: number }) => {
    const { B, C, H, W } = expectShape("pixelUnshuffle", "x", x, "B C H W");
    checkFactor("pixelUnshuffle", r, H % r === 0 && W % r === 0, x, "a whole number r >= 1 that divides H and W");
    return [B, C * r * r, H / r, W / r];
  },
  forward: ({ x }, { r }, y) => {
    move(x, y, r, true);
    return undefined;
  },
  vjp: (_, dy, { attrs: { r }, shapes }) => {
    const dx = empty(dy.device, shapes.x);
    move(dy, dx, r, false);
    return { x: dx };
  },
  reference: pixelUnshuffleRef,
});

/**
 * Turns channels into pixels: each group of r r channels becomes one channel of r x r blocks (PyTorch's `F.pixel_shuffle`).
 *
 * x [B, C r r, H, W] -> [B, C, H r, W r]; channel (c r + i) r + j goes to row i, column j of the blocks of channel c.
 * Throws ShapeError when r r does not divide the channels.
 */
export function pixelShuffle(x: Tensor, r: number): Tensor {
  return pixelShuffleOp.apply({ x }, { r });
}

/**
 * Turns pixels into channels; undoes {@link pixelShuffle} (PyTorch's `F.pixel_unshuffle`).
 *
 * x [B, C, H r, W r] -> [B, C r r, H, W]. Throws ShapeError when r does not divide height and width.
 */
export function pixelUnshuffle(x: Tensor, r: number): Tensor {
  return pixelUnshuffleOp.apply({ x }, { r });
}
