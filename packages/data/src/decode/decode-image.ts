import { decodeError } from "./errors";
import { decodeJpeg } from "./jpeg";
import { decodePng } from "./png";
import type { DecodeOptions, Raster } from "./raster";
import { firstBytes, sniffFormat } from "./sniff";
import { decodeTiff } from "./tiff/tiff";

/** Decodes a PNG, JPEG or TIFF, told apart by content, to [height, width, channels]. Rejects with DecodeError. */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Raster> {
  const format = sniffFormat(bytes);
  if (format === "png") return decodePng(bytes, options);
  if (format === "jpeg") return decodeJpeg(bytes, options);
  if (format === "tiff") return decodeTiff(bytes, options);
  const got = format === "unknown" ? firstBytes(bytes) : `a ${format} file of ${bytes.length} bytes`;
  const where = { fn: "decodeImage", name: options.name };
  throw decodeError(where, "not-an-image", {
    what: "this is no image that can be read",
    got,
    expected: "PNG, JPEG or TIFF",
  });
}
