import { decodeImage, toRgb8 } from "@ama-sam/data";
import type { OpenedImage } from "./protocol";

/** Decodes a PNG, JPEG or TIFF to 8-bit RGB, by content and not by name. */
export async function openPicture(file: Blob, name: string): Promise<OpenedImage> {
  const raster = await decodeImage(new Uint8Array(await file.arrayBuffer()), { name });
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
