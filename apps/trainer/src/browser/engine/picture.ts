import { loadSample, memorySource } from "@ama-sam/data";
import type { OpenedImage } from "./protocol";

/** Decodes a PNG, JPEG or TIFF to 8-bit RGB, by content and not by name. */
export async function openPicture(file: Blob, name: string): Promise<OpenedImage> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { image, warnings, micronsPerPixel } = await loadSample(memorySource({ [name]: bytes }), {
    id: name,
    imagePath: name,
    annotation: null,
  });
  const { width, height, data } = image;
  return {
    name,
    width,
    height,
    rgb: data as Uint8Array,
    micronsPerPixel: micronsPerPixel ?? null,
    warnings: warnings.map(({ message }) => message),
  };
}
