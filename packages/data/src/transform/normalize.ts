import type { Raster } from "../decode";
import { DataError } from "../errors";
import { resizeImage } from "./resample";

/** SAM's `pixel_mean`, RGB, for values 0 .. 255. */
export const samPixelMean: readonly [number, number, number] = [123.675, 116.28, 103.53];

/** SAM's `pixel_std`, RGB, for values 0 .. 255. */
export const samPixelStd: readonly [number, number, number] = [58.395, 57.12, 57.375];

/**
 * (x - mean) / std per channel, from interleaved to planar: [H, W, 3] -> [3, H, W].
 *
 * @param rgb values 0 .. 255; @param pixels H x W.
 */
export function normalizeToPlanar(rgb: ArrayLike<number>, pixels: number): Float32Array {
  const out = new Float32Array(3 * pixels);
  for (let c = 0; c < 3; c++) {
    const mean = samPixelMean[c]!;
    const scale = 1 / samPixelStd[c]!;
    for (let p = 0, i = c, o = c * pixels; p < pixels; p++, i += 3, o++) out[o] = (rgb[i]! - mean) * scale;
  }
  return out;
}

/**
 * SAM's input for one image: bilinear to size x size, then mean and std.
 *
 * @param image 8-bit RGB, [H, W, 3], any size
 * @returns Float32Array [1, 3, size, size], as the encoder takes it.
 * @throws DataError `odd-channels` for anything but 8-bit RGB, `size-mismatch` where the data do not fill the size.
 */
export function preprocess(image: Raster, size: number): Float32Array {
  if (image.channels !== 3 || image.bitDepth !== 8) {
    throw new DataError(
      "odd-channels",
      `[preprocess] not 8-bit RGB. Got ${image.channels} channel(s) of ${image.bitDepth} bits. Expected what loadSample gives.`,
    );
  }
  if (image.data.length !== image.width * image.height * 3) {
    throw new DataError(
      "size-mismatch",
      `[preprocess] data and size differ. Got ${image.data.length} values for ${image.width} x ${image.height}. Expected ${image.width * image.height * 3}.`,
    );
  }
  const whole = { x: 0, y: 0, width: image.width, height: image.height };
  return normalizeToPlanar(resizeImage(image, whole, size), size * size);
}
