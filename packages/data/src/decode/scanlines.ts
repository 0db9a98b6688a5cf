import { decodeError, type Where } from "./errors";
import { ADAM7, type PngChunks } from "./png-chunks";

const WHOLE = [[0, 0, 1, 1]] as const;

/**
 * The samples of a PNG from its inflated scanlines (PNG specification, sections 7 to 9): filters undone, interlaced passes woven,
 * samples of 1, 2 and 4 bits in a byte each, values unchanged.
 *
 * @param raw exactly `png.rawBytes`; the filters are undone in it
 * @returns [height, width, channels]
 * @throws DecodeError `corrupt` for an unknown filter
 */
export function readScanlines(where: Where, png: PngChunks, raw: Uint8Array): Uint8Array | Uint16Array {
  const { width, height, channels, depth } = png;
  const count = width * height * channels;
  const out = depth === 16 ? new Uint16Array(count) : new Uint8Array(count);
  const bits = channels * depth;
  const step = Math.max(1, bits >> 3);
  let at = 0;
  for (const [x0, y0, dx, dy] of png.interlaced ? ADAM7 : WHOLE) {
    const lineSamples = Math.ceil((width - x0) / dx) * channels;
    if (lineSamples < 1) continue;
    const lineBytes = Math.ceil((lineSamples * depth) / 8);
    let above = new Uint8Array(lineBytes);
    for (let y = y0; y < height; y += dy) {
      const line = raw.subarray(at + 1, at + 1 + lineBytes) as Uint8Array<ArrayBuffer>;
      undoFilter(where, raw[at]!, line, above, step);
      place(out, (y * width + x0) * channels, dx * channels, line, lineSamples, png);
      above = line;
      at += 1 + lineBytes;
    }
  }
  return out;
}

/** Undoes one line's filter; `step` is the distance to the same byte of the pixel before. */
function undoFilter(where: Where, filter: number, line: Uint8Array, above: Uint8Array, step: number): void {
  const n = line.length;
  switch (filter) {
    case 0:
      return;
    case 1:
      for (let i = step; i < n; i++) line[i] = line[i]! + line[i - step]!;
      return;
    case 2:
      for (let i = 0; i < n; i++) line[i] = line[i]! + above[i]!;
      return;
    case 3:
      for (let i = 0; i < n; i++) line[i] = line[i]! + (((i < step ? 0 : line[i - step]!) + above[i]!) >> 1);
      return;
    case 4:
      for (let i = 0; i < n; i++) {
        const before = i < step;
        line[i] = line[i]! + paeth(before ? 0 : line[i - step]!, above[i]!, before ? 0 : above[i - step]!);
      }
      return;
    default:
      throw decodeError(where, "corrupt", { what: "unknown filter of a line", got: `${filter}`, expected: "0 to 4" });
  }
}

/** Of left, above and upper left the one nearest to left + above - upper left; the first in this order where two are. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
}

/** Writes a line's samples, `stride` samples from pixel to pixel. */
function place(
  out: Uint8Array | Uint16Array,
  start: number,
  stride: number,
  line: Uint8Array,
  samples: number,
  { channels, depth }: PngChunks,
): void {
  if (depth === 8 && stride === channels) {
    out.set(line, start);
    return;
  }
  const mask = (1 << depth) - 1;
  for (let i = 0, to = start; i < samples; to += stride) {
    for (let k = 0; k < channels; k++, i++) {
      const bit = i * depth;
      out[to + k] =
        depth === 16
          ? (line[2 * i]! << 8) | line[2 * i + 1]!
          : depth === 8
            ? line[i]!
            : (line[bit >> 3]! >> (8 - depth - (bit & 7))) & mask;
    }
  }
}
