import {
  cat,
  type Device,
  div,
  interpolateBilinear,
  pad,
  permute,
  scope,
  sub,
  type Tensor,
  tensor,
} from "@ama-sam/tensor";
import { EncoderError } from "./errors";

/** SAM's pixel mean and deviation, RGB in 0..255. */
export const PIXEL_MEAN = [123.675, 116.28, 103.53] as const;
export const PIXEL_STD = [58.395, 57.12, 57.375] as const;

/** An 8-bit RGB image, row-major, interleaved. */
export interface RgbImage {
  width: number;
  height: number;
  data: ArrayLike<number>;
}

/** Options of {@link preprocess}. */
export interface PreprocessOptions {
  /** Side of the model's input. */
  size: number;
  /**
   * `square` (default, as AMA-SAM): resize both sides to `size`. `longest` (as SAM): resize the longest side and pad bottom
   * and right with zeros after normalising.
   */
  mode?: "square" | "longest";
}

/** Size of an image inside the square input, in SAM's rounding. */
export function fittedSize(height: number, width: number, size: number): [number, number] {
  const scale = size / Math.max(height, width);
  const side = (n: number) => Math.max(1, Math.floor(n * scale + 0.5)); // SAM itself would round a sliver to nothing
  return [side(height), side(width)];
}

/**
 * Images to the encoder's input: bilinear resize (align_corners false, no antialias, no rounding), then SAM's mean and
 * deviation. Images of one call are resized alone and may differ in size.
 * @returns [B, 3, size, size]
 * @throws EncoderError for an empty batch, a size that is none, or data that is not width x height x 3
 */
export function preprocess(device: Device, images: readonly RgbImage[], options: PreprocessOptions): Tensor {
  const { size, mode = "square" } = options;
  if (!Number.isInteger(size) || size <= 0)
    throw new EncoderError(
      "preprocess",
      `size is no size. Got ${size}. Expected the side of the model's input, pixels.`,
    );
  if (images.length === 0) throw new EncoderError("preprocess", "the batch is empty. Expected at least one image.");
  return scope(device, "preprocess", () => {
    const mean = tensor(device, PIXEL_MEAN, [1, 3, 1, 1]);
    const std = tensor(device, PIXEL_STD, [1, 3, 1, 1]);
    const values = images.map(({ width, height, data }) => {
      if (!(width > 0 && height > 0) || data.length !== width * height * 3) {
        throw new EncoderError(
          "preprocess",
          `the data is not an RGB image. Got ${data.length} values for ${width} x ${height}. Expected ${width * height * 3}.`,
        );
      }
      return {
        width,
        height,
        x: permute(tensor(device, Float32Array.from(data), [1, height, width, 3]), [0, 3, 1, 2]),
      };
    });
    const resized = values.map(({ width, height, x }) => {
      const [h, w] = mode === "square" ? [size, size] : fittedSize(height, width, size);
      const n = div(sub(interpolateBilinear(x, [h, w]), mean), std); // [1, 3, h, w]
      return h === size && w === size
        ? n
        : pad(n, [
            [0, 0],
            [0, 0],
            [0, size - h],
            [0, size - w],
          ]);
    });
    return resized.length === 1 ? resized[0] : cat(resized, 0);
  });
}

/** A mask's logits at the image's own size: bilinear (align_corners false); the mask is where they are > 0. */
export function postprocess(logits: Tensor, height: number, width: number): Tensor {
  return interpolateBilinear(logits, [height, width]);
}
