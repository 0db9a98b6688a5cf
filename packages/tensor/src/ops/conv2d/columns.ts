import { defineKernel } from "../../kernel/define-kernel";
import { planeGrid } from "../../kernel/grid";
import type { Tensor } from "../../tensor/tensor";
import col2imWgsl from "./col2im.wgsl";
import type { Geometry } from "./geometry";
import im2colWgsl from "./im2col.wgsl";
import im2col3x3Wgsl from "./im2col-3x3.wgsl";
import placeRowsWgsl from "./place-rows.wgsl";
import sumTransposeWgsl from "./sum-transpose.wgsl";

export const im2colKernel = /* @__PURE__ */ defineKernel({
  name: "conv2d-im2col",
  source: [im2colWgsl],
  params: { KERNEL: [0, 2, 3, 4] },
  uniforms: {
    images: "u32",
    firstImage: "u32",
    channels: "u32",
    firstChannel: "u32",
    allChannels: "u32",
    h: "u32",
    w: "u32",
    rows: "u32",
    firstRow: "u32",
    wo: "u32",
    kh: "u32",
    kw: "u32",
    stride: "u32",
    padding: "u32",
  },
});
export const im2col3x3Kernel = /* @__PURE__ */ defineKernel({
  name: "conv2d-im2col-3x3",
  source: [im2col3x3Wgsl],
  uniforms: {
    images: "u32",
    firstImage: "u32",
    channels: "u32",
    firstChannel: "u32",
    allChannels: "u32",
    h: "u32",
    wv: "u32",
    rows: "u32",
    firstRow: "u32",
  },
});
export const col2imKernel = /* @__PURE__ */ defineKernel({
  name: "conv2d-col2im",
  source: [col2imWgsl],
  params: { BIAS: [false, true], KERNEL: [0, 2, 3, 4], STRIDE: [0, 1, 2, 4] },
  uniforms: {
    images: "u32",
    firstImage: "u32",
    channels: "u32",
    firstChannel: "u32",
    allChannels: "u32",
    h: "u32",
    w: "u32",
    ho: "u32",
    wo: "u32",
    kh: "u32",
    kw: "u32",
    stride: "u32",
    padding: "u32",
  },
});
export const placeRowsKernel = /* @__PURE__ */ defineKernel({
  name: "conv2d-place-rows",
  source: [placeRowsWgsl],
  params: { BIAS: [false, true] },
  uniforms: { channels: "u32", count: "u32", pixels: "u32", start: "u32" },
});
export const sumTransposeKernel = /* @__PURE__ */ defineKernel({
  name: "conv2d-sum-transpose",
  source: [sumTransposeWgsl],
  params: { ADD: [false, true], Elem: ["f32", "f16"] },
  uniforms: {
    rows: "u32",
    cols: "u32",
    count: "u32",
    stride: "u32",
    firstX: "u32",
    lineX: "u32",
    firstY: "u32",
    lineY: "u32",
  },
});

/** A run of images, input channels and output rows. */
export interface Piece {
  firstImage: number;
  images: number;
  firstChannel: number;
  channels: number;
  firstRow: number;
  rows: number;
}

/** The kernels that are worth a variant of their own: 3 x 3, and 2 x 2 or 4 x 4 patches side by side. */
function unrolled({ kh, kw, stride }: Geometry): { KERNEL: number; STRIDE: number } {
  const known = kh === kw && ((kh === 3 && stride === 1) || ((kh === 2 || kh === 4) && stride === kh));
  return known ? { KERNEL: kh, STRIDE: stride } : { KERNEL: 0, STRIDE: 0 };
}

/** Patches of `x` as columns: cols [images, channels, kh, kw, rows, wo]. */
export function im2col(x: Tensor, cols: Tensor, geometry: Geometry, piece: Piece): void {
  const { cin, h, w, wo, kh, kw, stride, padding } = geometry;
  const sizes = { ...piece, allChannels: cin, h, w, wo, kh, kw, stride, padding };
  const grid = planeGrid(Math.ceil(wo / 4), piece.rows, piece.images * piece.channels);
  if (kh === 3 && kw === 3 && stride === 1 && padding === 1 && w % 4 === 0) {
    im2col3x3Kernel.run(x.device, { x, cols }, { ...piece, allChannels: cin, h, wv: w / 4 }, grid);
    return;
  }
  im2colKernel.run(x.device, { x, cols }, sizes, grid, { KERNEL: unrolled(geometry).KERNEL });
}

/** Adds columns up into the piece's images and channels of `y` [B, cin, h, w], with an optional bias per channel. */
export function col2im(cols: Tensor, y: Tensor, geometry: Geometry, piece: Piece, bias: Tensor | null = null): void {
  const { cin, h, w, ho, wo, kh, kw, stride, padding } = geometry;
  const { firstImage, images, firstChannel, channels } = piece;
  const sizes = { firstImage, images, firstChannel, channels, allChannels: cin, h, w, ho, wo, kh, kw, stride, padding };
  const grid = planeGrid(Math.ceil(w / 4), h, images * channels);
  col2imKernel.run(y.device, { cols, bias: bias ?? cols, y }, sizes, grid, {
    BIAS: bias !== null,
    ...unrolled(geometry),
  });
}

/** Copies a strip of pixels [channels, count] to element `start` of `y`, whose channels are `pixels` apart. */
export function placeRows(
  strip: Tensor,
  y: Tensor,
  bias: Tensor | null,
  sizes: { channels: number; count: number; pixels: number; start: number },
): void {
  const grid = [Math.min(Math.ceil(sizes.count / 64), 65535), Math.min(sizes.channels, 65535)] as const;
  placeRowsKernel.run(y.device, { strip, bias: bias ?? strip, y }, sizes, grid, { BIAS: bias !== null });
}

/** y [rows, cols] = (y +) sum over `count` matrices of x [cols, rows], transposed; both inside larger matrices. */
export function sumTranspose(
  x: Tensor,
  y: Tensor,
  sizes: {
    rows: number;
    cols: number;
    count: number;
    stride: number;
    firstX: number;
    lineX: number;
    firstY: number;
    lineY: number;
  },
  add = false,
): void {
  const [x8, y8] = [sizes.cols, sizes.rows].map((n) => Math.min(Math.ceil(n / 8), 65535));
  sumTransposeKernel.run(y.device, { x, y }, sizes, [x8, y8], { ADD: add, Elem: x.dtype });
}
