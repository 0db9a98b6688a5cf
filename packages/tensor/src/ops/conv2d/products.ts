import { reduceSum } from "../../autograd/reduce-sum";
import type { Device } from "../../device/device";
import { empty, type Tensor } from "../../tensor/tensor";
import { product } from "../matmul/product";
import { col2im, im2col, type Piece, placeRows, sumTranspose } from "./columns";
import { type Geometry, isPointwise } from "./geometry";

/** Largest temporary that columns may take; work beyond it goes in strips. */
const MOST_BYTES = 64 * 2 ** 20;

function mostBytes(device: Device): number {
  return Math.min(MOST_BYTES, device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
}

/**
 * y [B, cout, ho, wo] = weight [cout, cin kh kw] . columns of x, plus a bias per channel. The product writes NCHW directly;
 * only where the columns of a batch are too large they go image by image in strips of output rows.
 */
export function convForward(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  y: Tensor,
  g: Geometry,
  most = mostBytes(x.device),
): void {
  const { batch, cin, cout, ho, wo } = g;
  const [k, pixels] = [cin * g.kh * g.kw, ho * wo];
  const spec = { a: weight, m: cout, k, sharedA: true, bias, biasPerRow: true };
  if (isPointwise(g)) {
    product({ ...spec, b: x, y, batch, n: pixels });
    return;
  }
  if (batch * k * pixels * 4 <= most) {
    const cols = empty(x.device, [batch, k, pixels], { name: "conv2d" });
    im2col(x, cols, g, whole(g));
    product({ ...spec, b: cols, y, batch, n: pixels });
    cols.dispose("conv2d");
    return;
  }
  const rows = Math.max(1, Math.min(ho, Math.floor(most / (k * wo * 4))));
  for (let firstImage = 0; firstImage < batch; firstImage++) {
    for (let firstRow = 0; firstRow < ho; firstRow += rows) {
      const piece = { ...whole(g), firstImage, images: 1, firstRow, rows: Math.min(rows, ho - firstRow) };
      const n = piece.rows * wo;
      const cols = empty(x.device, [k, n], { name: "conv2d" });
      const strip = empty(x.device, [cout, n], { name: "conv2d" });
      im2col(x, cols, g, piece);
      product({ ...spec, bias: null, b: cols, y: strip, batch: 1, n });
      placeRows(strip, y, bias, {
        channels: cout,
        count: n,
        pixels,
        start: firstImage * cout * pixels + firstRow * wo,
      });
      cols.dispose("conv2d");
      strip.dispose("conv2d");
    }
  }
}

/**
 * dx [B, cin, h, w] = the columns weight^T . dy, added up where they overlap, plus a bias per channel of dx; in strips of
 * input channels. This is also a transposed convolution of `dy`.
 */
export function convInputGrad(
  dy: Tensor,
  weight: Tensor,
  dx: Tensor,
  g: Geometry,
  bias: Tensor | null = null,
  most = mostBytes(dy.device),
): void {
  const { cin, cout } = g;
  const taps = g.kh * g.kw;
  const pixels = g.ho * g.wo;
  if (isPointwise(g)) {
    const spec = { a: weight, b: dy, y: dx, batch: g.batch, m: cin, n: pixels, k: cout, transposeA: true };
    product({ ...spec, sharedA: true, bias, biasPerRow: true });
    return;
  }
  forPieces(g, most, (piece) => {
    const m = piece.channels * taps;
    const cols = empty(dy.device, [piece.images, m, pixels], { name: "conv2d" });
    const part = imagesOf(dy, cout * pixels, piece, g);
    const spec = { b: part, y: cols, batch: piece.images, m, n: pixels, k: cout, sharedA: true };
    if (piece.channels === cin) product({ ...spec, a: weight, transposeA: true });
    else {
      const rows = empty(dy.device, [m, cout], { name: "conv2d" });
      const from = { firstX: piece.firstChannel * taps, lineX: cin * taps };
      sumTranspose(weight, rows, { rows: m, cols: cout, count: 1, stride: 0, ...from, firstY: 0, lineY: cout });
      product({ ...spec, a: rows });
      rows.dispose("conv2d");
    }
    col2im(cols, dx, g, piece, bias);
    if (part !== dy) part.dispose("conv2d");
    cols.dispose("conv2d");
  });
}

/** dweight [cout, cin kh kw] = sum over images of dy . columns of x transposed; in strips of input channels. */
export function convWeightGrad(x: Tensor, dy: Tensor, dweight: Tensor, g: Geometry, most = mostBytes(x.device)): void {
  const { batch, cin, cout } = g;
  const taps = g.kh * g.kw;
  const pixels = g.ho * g.wo;
  if (isPointwise(g)) {
    const each = batch === 1 ? dweight : empty(x.device, [batch, cout * cin], { name: "conv2d" });
    product({ a: dy, b: x, y: each, batch, m: cout, n: cin, k: pixels, transposeB: true });
    if (each === dweight) return;
    addImages(each, dweight);
    each.dispose("conv2d");
    return;
  }
  forPieces(g, most, (piece) => {
    const m = piece.channels * taps;
    const cols = empty(x.device, [piece.images, m, pixels], { name: "conv2d" });
    im2col(x, cols, g, piece);
    const part = imagesOf(dy, cout * pixels, piece, g);
    const each = empty(x.device, [piece.images, m, cout], { name: "conv2d" });
    product({ a: cols, b: part, y: each, batch: piece.images, m, n: cout, k: pixels, transposeB: true });
    const to = { firstY: piece.firstChannel * taps, lineY: cin * taps };
    const sizes = { rows: cout, cols: m, count: piece.images, stride: m * cout, firstX: 0, lineX: cout, ...to };
    sumTranspose(each, dweight, sizes, piece.firstImage > 0);
    if (part !== dy) part.dispose("conv2d");
    each.dispose("conv2d");
    cols.dispose("conv2d");
  });
}

/** Sum of `dy` [B, C, H, W] over images and pixels. */
export function convBiasGrad(dy: Tensor): Tensor {
  return reduceSum(dy, [true, false, true, true], [dy.shape[1]]);
}

function whole({ batch, cin, ho }: Geometry): Piece {
  return { firstImage: 0, images: batch, firstChannel: 0, channels: cin, firstRow: 0, rows: ho };
}

/** Cuts the columns into runs of channels, and where one channel of the batch is too much, into single images too. */
function forPieces(g: Geometry, most: number, run: (piece: Piece) => void): void {
  const bytes = g.kh * g.kw * g.ho * g.wo * 4;
  const images = g.batch * bytes <= most ? g.batch : 1;
  const channels = Math.max(1, Math.min(g.cin, Math.floor(most / (images * bytes))));
  for (let firstImage = 0; firstImage < g.batch; firstImage += images)
    for (let firstChannel = 0; firstChannel < g.cin; firstChannel += channels)
      run({ ...whole(g), firstImage, images, firstChannel, channels: Math.min(channels, g.cin - firstChannel) });
}

/** The piece's images of a batch: the batch itself, or a copy of one image. */
function imagesOf(x: Tensor, size: number, piece: Piece, { batch }: Geometry): Tensor {
  if (piece.images === batch) return x;
  const part = empty(x.device, [piece.images, size], { name: "conv2d" });
  const { buffer } = x.storage.block;
  x.device.queue.copy(buffer, part.storage.block.buffer, part.bytes, piece.firstImage * size * 4);
  return part;
}

function addImages(each: Tensor, sum: Tensor): void {
  const [count, size] = each.shape;
  const sizes = { rows: 1, cols: size, count, stride: size, firstX: 0, lineX: 1, firstY: 0, lineY: 0 };
  sumTranspose(each, sum, sizes);
}
