import { encodePng, type Raster } from "@ama-sam/data";

/** Row-major labels or mask of an image: 0 is background. */
interface Map2d {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}

type Colour = readonly [number, number, number];

const TRUE_POSITIVE: Colour = [0, 158, 115];
const FALSE_POSITIVE: Colour = [213, 94, 0];
const FALSE_NEGATIVE: Colour = [0, 114, 178];
const STRENGTH = 0.6;

/**
 * Where a prediction is right and where it is wrong, as a PNG: the image in grey, true positives green, false positives orange, false
 * negatives blue, the outlines of the true nuclei white.
 *
 * @param maxSide larger images are reduced by a whole factor
 */
export function errorOverlay(image: Raster, predicted: Map2d, truth: Map2d, maxSide = 640): Uint8Array {
  const { width, height, channels, data } = image;
  const every = Math.max(1, Math.ceil(Math.max(width, height) / maxSide));
  const [w, h] = [Math.floor(width / every), Math.floor(height / every)];
  const out = new Uint8Array(w * h * 3);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const at = y * every * width + x * every;
      const [r, g, b] =
        channels === 1
          ? [data[at]!, data[at]!, data[at]!]
          : [data[at * channels]!, data[at * channels + 1]!, data[at * channels + 2]!];
      const grey = 0.3 * r + 0.59 * g + 0.11 * b;
      const [is, should] = [predicted.data[at]! > 0, truth.data[at]! > 0];
      const colour = is ? (should ? TRUE_POSITIVE : FALSE_POSITIVE) : should ? FALSE_NEGATIVE : null;
      const edge = should && isEdge(truth, x * every, y * every, every);
      for (let c = 0; c < 3; c++) {
        const mixed = colour ? (1 - STRENGTH) * grey + STRENGTH * colour[c]! : grey;
        out[(y * w + x) * 3 + c] = edge ? 0.5 * mixed + 127 : mixed;
      }
    }
  }
  return encodePng({ width: w, height: h, channels: 3, bitDepth: 8, data: out });
}

function isEdge({ width, height, data }: Map2d, x: number, y: number, step: number): boolean {
  const id = data[y * width + x];
  return (
    (x >= step && data[y * width + x - step] !== id) ||
    (x + step < width && data[y * width + x + step] !== id) ||
    (y >= step && data[(y - step) * width + x] !== id) ||
    (y + step < height && data[(y + step) * width + x] !== id)
  );
}
