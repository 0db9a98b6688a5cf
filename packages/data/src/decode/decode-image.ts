import { decodeError } from "./errors";
import type { DecodeOptions, Raster } from "./raster";
import { firstBytes, sniffFormat } from "./sniff";

/**
 * Decodes a PNG, JPEG or TIFF, told apart by content, to [height, width, channels]. Rejects with DecodeError.
 *
 * A decoder is loaded with the first image of its format, so that a page fetches only those that its user needs.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Raster> {
  const format = sniffFormat(bytes);
  if (format === "png") {
    const { decodePng } = await import("./png");
    return decodePng(bytes, options);
  }
  if (format === "jpeg") {
    const { decodeJpeg } = await import("./jpeg");
    return decodeJpeg(bytes, options);
  }
  if (format === "tiff") {
    const { decodeTiff } = await import("./tiff/tiff");
    return decodeTiff(bytes, options);
  }
  const got = format === "unknown" ? firstBytes(bytes) : `a ${format} file of ${bytes.length} bytes`;
  const where = { fn: "decodeImage", name: options.name };
  throw decodeError(where, "not-an-image", {
    what: "this is no image that can be read",
    got,
    expected: "PNG, JPEG or TIFF",
  });
}
