import { encode } from "fast-png";
import type { Raster } from "./raster";

/**
 * Encodes 8- or 16-bit grey, grey + alpha, RGB or RGBA as PNG, without loss.
 * Throws TypeError for another bit depth or channel count, or if `data` does not fit the size.
 */
export function encodePng(raster: Raster): Uint8Array<ArrayBuffer> {
  const { width, height, channels, bitDepth, data } = raster;
  const stored = data instanceof Uint8Array ? 8 : data instanceof Uint16Array ? 16 : 32;
  if (
    bitDepth === 32 ||
    stored !== bitDepth ||
    channels < 1 ||
    channels > 4 ||
    data.length !== width * height * channels
  ) {
    throw new TypeError(
      `[encodePng] the raster cannot be a PNG. Got ${width} x ${height} x ${channels}, ${bitDepth} bits, ` +
        `${data.length} samples of ${stored} bits. Expected 1 to 4 channels of 8 or 16 bits, width * height * channels samples.`,
    );
  }
  // fast-png allocates what it returns
  const pixels = data as Uint8Array | Uint16Array;
  return encode({ width, height, channels, depth: bitDepth, data: pixels }) as Uint8Array<ArrayBuffer>;
}
