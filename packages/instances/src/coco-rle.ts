import { InstancesError } from "./errors";
import { expectSize, type ImageSize } from "./label-map";

/** A mask as COCO stores it: `size` is `[height, width]`; `counts` are runs of 0 and 1 in turn down the columns, or their string. */
export interface CocoRle {
  readonly size: readonly [height: number, width: number];
  readonly counts: readonly number[] | string;
}

/** A decoded mask: 0/1, row-major `[height, width]`. */
export interface DecodedMask extends ImageSize {
  readonly data: Uint8Array;
}

/**
 * A mask (everything but 0 is foreground), row-major `[height, width]`, as COCO run lengths: column-major, beginning with
 * background. `compress` (default true) gives COCO's string, as `pycocotools.mask.encode`; false the list of numbers.
 *
 * @throws InstancesError if the array does not fill the image
 */
export function encodeCocoRle(mask: ArrayLike<number>, options: ImageSize & { compress?: boolean }): CocoRle {
  const { width, height, compress = true } = options;
  expectSize("encodeCocoRle", options, mask);
  const counts = cocoCounts(mask, width, height, 0, 0, width, height);
  return { size: [height, width], counts: compress ? compressCounts(counts) : counts };
}

/** Run lengths of a mask that is only a box at (`x0`, `y0`) of an image, so that a nucleus costs no whole image. */
export function cocoCounts(
  box: ArrayLike<number>,
  boxWidth: number,
  boxHeight: number,
  x0: number,
  y0: number,
  width: number,
  height: number,
): number[] {
  const counts: number[] = [];
  let position = 0;
  let value = 0;
  for (let x = 0; x < boxWidth; x++)
    for (let y = 0; y <= boxHeight; y++) {
      // Below the box comes background, unless the box is as tall as the image and the next column follows at once.
      const bit = y < boxHeight && box[y * boxWidth + x] !== 0 ? 1 : 0;
      if (bit === value || (y === boxHeight && boxHeight === height && x + 1 < boxWidth)) continue;
      const at = (x0 + x) * height + y0 + y;
      counts.push(at - position);
      position = at;
      value = bit;
    }
  if (width * height > position || counts.length === 0) counts.push(width * height - position);
  return counts;
}

/**
 * The mask of COCO run lengths, whichever form they have.
 *
 * @throws InstancesError for sizes, characters or counts that no encoder writes, or runs that do not fill the image
 */
export function decodeCocoRle(rle: CocoRle, options: { maxPixels?: number } = {}): DecodedMask {
  const { maxPixels = 2 ** 28 } = options;
  const [height, width] = Array.isArray(rle?.size) ? rle.size : [Number.NaN, Number.NaN];
  expectSize("decodeCocoRle", { width, height });
  const pixels = width * height;
  if (pixels > maxPixels)
    throw new InstancesError("decodeCocoRle", "the mask is too large", `${width} x ${height}`, `${maxPixels} pixels`);
  const counts = typeof rle.counts === "string" ? expandCounts(rle.counts) : rle.counts;
  if (!Array.isArray(counts))
    throw new InstancesError("decodeCocoRle", "counts is no list", typeof counts, "a list of numbers or COCO's string");
  // Judged before anything is allocated.
  let total = 0;
  for (const n of counts as readonly number[]) {
    if (!Number.isSafeInteger(n) || n < 0)
      throw new InstancesError("decodeCocoRle", "a run has no length", String(n), "whole numbers from 0");
    total += n;
  }
  if (total !== pixels)
    throw new InstancesError("decodeCocoRle", "the runs do not fill the mask", `${total} pixels`, `${pixels} pixels`);
  const data = new Uint8Array(pixels);
  let at = 0;
  (counts as readonly number[]).forEach((n, k) => {
    if (k % 2 === 1)
      for (let i = at, x = Math.floor(at / height), y = at % height; i < at + n; i++) {
        data[y * width + x] = 1;
        if (++y === height) {
          y = 0;
          x++;
        }
      }
    at += n;
  });
  return { data, width, height };
}

/**
 * COCO's string for run lengths: from the fourth on the difference to the run two before, in groups of 5 bits, lowest first,
 * bit 5 set on all but the last, plus 48.
 */
export function compressCounts(counts: readonly number[]): string {
  let text = "";
  counts.forEach((count, k) => {
    let x = k > 2 ? count - counts[k - 2]! : count;
    for (let more = true; more; ) {
      // Arithmetic instead of shifts: counts of a large slide exceed 32 bits.
      const bits = ((x % 32) + 32) % 32;
      x = (x - bits) / 32;
      more = bits & 16 ? x !== -1 : x !== 0;
      text += String.fromCharCode(48 + bits + (more ? 32 : 0));
    }
  });
  return text;
}

/** The run lengths of COCO's string. */
function expandCounts(text: string): number[] {
  const counts: number[] = [];
  for (let p = 0; p < text.length; ) {
    let x = 0;
    let scale = 1;
    for (let more = true; more; p++) {
      const c = text.charCodeAt(p) - 48;
      // NaN beyond the end; 2^50 is more than any image has.
      if (!(c >= 0 && c < 64) || scale > 2 ** 50)
        throw new InstancesError(
          "decodeCocoRle",
          "the counts are no COCO string",
          p < text.length ? `${JSON.stringify(text[p])} at ${p}` : "the end inside a number",
          "characters 0 to o in complete groups",
        );
      x += (c & 31) * scale;
      scale *= 32;
      more = (c & 32) !== 0;
      if (!more && (c & 16) !== 0) x -= scale;
    }
    counts.push(counts.length > 2 ? x + counts[counts.length - 2]! : x);
  }
  return counts;
}
