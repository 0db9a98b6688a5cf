import { decodeError, type Where } from "./errors";

/** A decoded image or label map: row-major, channels interleaved, sample (r, c, k) at `(r * width + c) * channels + k`. */
export interface Raster {
  width: number;
  height: number;
  channels: number;
  /** Bits of one sample as stored here; 1-, 2- and 4-bit files are expanded to 8. */
  bitDepth: 8 | 16 | 32;
  data: Uint8Array | Uint16Array | Uint32Array;
  /** Side of a pixel in micrometres, only where the file states a plausible one. */
  micronsPerPixel?: number;
}

/** Limits and choices that every image decoder takes. */
export interface DecodeOptions {
  /** Largest width x height that is decoded. Default 89,478,485, the limit at which Pillow warns. */
  maxPixels?: number;
  /** Largest decoded size in bytes. Default 1 GiB. */
  maxBytes?: number;
  /** File name, for messages only. */
  name?: string;
  /** Palette files: `rgb` (default) looks the colours up, `index` keeps the indices, as label maps need. */
  palette?: "rgb" | "index";
}

export const DEFAULT_MAX_PIXELS = 89_478_485;
export const DEFAULT_MAX_BYTES = 2 ** 30;

/**
 * Coarser than this, a resolution tag describes a screen or a printer (72 dpi is 353 um), not a microscope.
 * 25.4 um a pixel is 1000 dpi; the coarsest slide overviews are about 16 um.
 */
const COARSEST_MICRONS_PER_PIXEL = 25;

/** Returns `value` if it can be the pixel size of a microscope image, else undefined: a wrong size is worse than none. */
export function plausibleMicrons(value: number | undefined): number | undefined {
  return value !== undefined && value > 1e-4 && value < COARSEST_MICRONS_PER_PIXEL ? value : undefined;
}

/** Refuses empty and oversized images before anything is allocated. */
export function checkDimensions(
  where: Where,
  size: { width: number; height: number; channels: number; bytesPerSample: number },
  options: DecodeOptions,
): void {
  const { width, height, channels, bytesPerSample } = size;
  if (width < 1 || height < 1) {
    throw decodeError(where, "corrupt", { what: "the image is empty", got: `${width} x ${height} pixels` });
  }
  const maxPixels = options.maxPixels ?? DEFAULT_MAX_PIXELS;
  if (width * height > maxPixels) {
    throw decodeError(where, "too-large", {
      what: "the image is too large",
      got: `${width} x ${height} pixels`,
      expected: `at most ${maxPixels} pixels`,
      hint: "Raise maxPixels if the file is meant to be this large",
    });
  }
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const bytes = width * height * channels * bytesPerSample;
  if (bytes > maxBytes) {
    throw decodeError(where, "too-large", {
      what: "the decoded image is too large",
      got: `${bytes} bytes (${width} x ${height} x ${channels}, ${bytesPerSample * 8} bits)`,
      expected: `at most ${maxBytes} bytes`,
      hint: "Raise maxBytes if the file is meant to be this large",
    });
  }
}
