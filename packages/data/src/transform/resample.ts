import type { Raster } from "../decode";

/** A rectangle of whole pixels inside an image: the part that is resized to the model's input. */
export interface Window {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** For every output position: the two source positions and the weight of the second. */
interface Taps {
  low: Uint32Array;
  high: Uint32Array;
  weight: Float64Array;
}

/** Bilinear taps at pixel centres (`align_corners=False`), clamped at the window's edges as torch does. */
function bilinearTaps(start: number, length: number, size: number): Taps {
  const low = new Uint32Array(size);
  const high = new Uint32Array(size);
  const weight = new Float64Array(size);
  const scale = length / size;
  for (let i = 0; i < size; i++) {
    const position = Math.max(0, (i + 0.5) * scale - 0.5);
    const floor = Math.min(Math.floor(position), length - 1);
    low[i] = start + floor;
    high[i] = start + Math.min(floor + 1, length - 1);
    weight[i] = position - floor;
  }
  return { low, high, weight };
}

/**
 * Resizes a window of an 8-bit RGB image to size x size: bilinear, pixel centres, no antialiasing, no rounding.
 *
 * @returns Float32Array [size, size, 3] in 0 .. 255. Equal to torch's `F.interpolate(mode="bilinear", align_corners=False)` on the
 *   cropped window.
 */
export function resizeImage(image: Raster, window: Window, size: number): Float32Array {
  const { data, width, channels } = image;
  const out = new Float32Array(size * size * 3);
  const across = bilinearTaps(window.x, window.width, size);
  const down = bilinearTaps(window.y, window.height, size);
  for (let y = 0, o = 0; y < size; y++) {
    const rowLow = down.low[y]! * width;
    const rowHigh = down.high[y]! * width;
    const wy = down.weight[y]!;
    for (let x = 0; x < size; x++) {
      const low = across.low[x]!;
      const high = across.high[x]!;
      const wx = across.weight[x]!;
      for (let c = 0; c < 3; c++, o++) {
        const a = data[(rowLow + low) * channels + c]!;
        const b = data[(rowLow + high) * channels + c]!;
        const d = data[(rowHigh + low) * channels + c]!;
        const e = data[(rowHigh + high) * channels + c]!;
        const top = a + (b - a) * wx;
        out[o] = top + (d + (e - d) * wx - top) * wy;
      }
    }
  }
  return out;
}

/**
 * Resizes a window of a [height, width] map by nearest neighbour at pixel centres, which keeps labels under the pixels of
 * `resizeImage` (torch's `nearest-exact`; torch's plain `nearest` shifts by up to half a pixel against the image).
 *
 * @returns a map of the same type, [size, size].
 */
export function resizeLabels<T extends Uint8Array | Uint32Array>(
  labels: T,
  width: number,
  window: Window,
  size: number,
): T {
  const out = new (labels.constructor as new (length: number) => T)(size * size);
  const nearest = (start: number, length: number): Uint32Array =>
    Uint32Array.from({ length: size }, (_, i) => start + Math.min(length - 1, Math.floor(((i + 0.5) * length) / size)));
  const across = nearest(window.x, window.width);
  const down = nearest(window.y, window.height);
  for (let y = 0, o = 0; y < size; y++) {
    const row = down[y]! * width;
    for (let x = 0; x < size; x++, o++) out[o] = labels[row + across[x]!]!;
  }
  return out;
}

/** One of the eight symmetries of a square: mirror left-right first, then `quarterTurns` x 90 degrees counter-clockwise. */
export interface Symmetry {
  mirror: boolean;
  quarterTurns: 0 | 1 | 2 | 3;
}

/**
 * Applies a symmetry to a square map of `channels` interleaved values, without any interpolation.
 *
 * @returns a new array [size, size, channels]; equal to numpy's `rot90(fliplr(x) if mirror else x, k)`.
 */
export function applySymmetry<T extends Uint8Array | Uint32Array | Float32Array>(
  values: T,
  size: number,
  channels: number,
  { mirror, quarterTurns }: Symmetry,
): T {
  if (!mirror && quarterTurns === 0) return values;
  const out = new (values.constructor as new (length: number) => T)(values.length);
  const last = size - 1;
  for (let y = 0, o = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      // Where the output pixel (y, x) comes from: undo the turns, then the mirror.
      let [sy, sx] = [y, x];
      if (quarterTurns === 1) [sy, sx] = [x, last - y];
      else if (quarterTurns === 2) [sy, sx] = [last - y, last - x];
      else if (quarterTurns === 3) [sy, sx] = [last - x, y];
      if (mirror) sx = last - sx;
      const from = (sy * size + sx) * channels;
      for (let c = 0; c < channels; c++, o++) out[o] = values[from + c]!;
    }
  }
  return out;
}
