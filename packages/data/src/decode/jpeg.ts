import { decode } from "jpeg-js";
import { decodeError, type Where, wrapForeign } from "./errors";
import { readJpegHeader } from "./jpeg-header";
import { checkDimensions, type DecodeOptions, type Raster } from "./raster";

/** Bytes that jpeg-js takes a pixel at most: coefficients, component lines and the output of three components. */
const JPEG_JS_BYTES_PER_PIXEL = 48;

/**
 * Decodes a baseline or progressive 8-bit JPEG to [height, width, 1] (grey) or [height, width, 3] (RGB).
 *
 * The markers are walked and the size checked before jpeg-js runs, which itself gets a memory limit. The Exif
 * orientation is not applied: annotations refer to the stored pixels. Throws DecodeError.
 */
export function decodeJpeg(bytes: Uint8Array, options: DecodeOptions = {}): Raster {
  const where: Where = { fn: "decodeJpeg", name: options.name };
  const { width, height, components } = readJpegHeader(where, bytes);
  checkDimensions(where, { width, height, channels: 3, bytesPerSample: 1 }, options);
  let rgb: Uint8Array;
  try {
    const image = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: Math.ceil((width * height) / 1e6),
      maxMemoryUsageInMB: 64 + Math.ceil((width * height * JPEG_JS_BYTES_PER_PIXEL) / 2 ** 20),
    });
    if (image.width !== width || image.height !== height || image.data.length !== width * height * 3) {
      throw decodeError(where, "corrupt", {
        what: "the decoder disagrees with the header",
        got: `${image.width} x ${image.height}, ${image.data.length} bytes`,
        expected: `${width} x ${height}`,
      });
    }
    rgb = image.data;
  } catch (error) {
    throw wrapForeign(where, "the JPEG cannot be read", error);
  }
  if (components === 3) return { width, height, channels: 3, bitDepth: 8, data: rgb };
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = rgb[3 * i]!;
  return { width, height, channels: 1, bitDepth: 8, data: grey };
}
