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

/** Colours of a haematoxylin-stained section: nuclei, and what is around them. */
const INK = [90, 40, 140] as const;
const GROUND = [205, 205, 215] as const;

/**
 * Bright nuclei on a dark ground as a stained section: what a model of purple nuclei should see of fluorescence. The 20th percentile of
 * brightness becomes the ground, the 99.5th the ink, everything between a mixture.
 */
export function recolored(image: OpenedImage): OpenedImage {
  const { rgb } = image;
  const pixels = rgb.length / 3;
  const counts = new Uint32Array(256);
  const brightness = new Uint8Array(pixels);
  for (let p = 0; p < pixels; p++) {
    brightness[p] = Math.max(rgb[3 * p]!, rgb[3 * p + 1]!, rgb[3 * p + 2]!);
    counts[brightness[p]!]!++;
  }
  const percentile = (part: number): number => {
    let below = 0;
    for (let value = 0; value < 256; value++) if ((below += counts[value]!) > part * pixels) return value;
    return 255;
  };
  const low = percentile(0.2);
  const high = Math.max(low + 1, percentile(0.995));
  const out = new Uint8Array(rgb.length);
  for (let p = 0, i = 0; p < pixels; p++) {
    const share = Math.min(1, Math.max(0, (brightness[p]! - low) / (high - low)));
    for (let c = 0; c < 3; c++) out[i++] = Math.round(GROUND[c]! + (INK[c]! - GROUND[c]!) * share);
  }
  return { ...image, rgb: out };
}
