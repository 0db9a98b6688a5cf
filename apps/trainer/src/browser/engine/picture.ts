import { DEFAULT_MAX_PIXELS, DecodeError, decodeImage, toRgb8 } from "@ama-sam/data";
import { TroubleError } from "./failures";
import type { OpenedImage } from "./protocol";

/**
 * Decodes a PNG, JPEG or TIFF to 8-bit RGB, by content and not by name.
 *
 * @throws TroubleError for an image of more pixels than a page has memory for, DecodeError and DataError for what is no image
 */
export async function openPicture(file: Blob, name: string): Promise<OpenedImage> {
  const raster = await decodeImage(new Uint8Array(await file.arrayBuffer()), { name }).catch((error: unknown) => {
    if (!DecodeError.isInstance(error) || error.code !== "too-large") throw error;
    const size = /\d+ x \d+/.exec(error.message)?.[0] ?? "too many";
    throw new TroubleError(
      "input",
      `${name} has ${size} pixels, more than this page opens (${(DEFAULT_MAX_PIXELS / 1e6).toFixed(0)} million). Cut it into parts.`,
      { cause: error },
    );
  });
  const { image, findings } = toRgb8(raster, name);
  return {
    name,
    width: image.width,
    height: image.height,
    rgb: image.data as Uint8Array,
    micronsPerPixel: image.micronsPerPixel ?? null,
    warnings: findings.map(({ message }) => message),
  };
}
