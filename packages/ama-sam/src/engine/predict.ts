import { preprocess } from "@ama-sam/data";
import type { LabelMap } from "@ama-sam/instances";
import { postprocess, type RgbImage } from "@ama-sam/sam-encoder";
import { type CompileProgress, compileAhead, interpolateBilinear, scope, type Tensor, tensor } from "@ama-sam/tensor";
import { AmaSamError } from "../errors";
import type { AmaSam } from "../model/ama-sam";
import { type InstanceOptions, labelMask } from "./instances";
import { checkRgb } from "./rgb-image";
import { meanOverViews, type Views } from "./views";
import { cropWindow, WindowBlend, windowsOver } from "./windows";

/** Options of {@link predictImage}. */
export interface PredictOptions {
  /** Probability above which a pixel is nucleus. Default 0.5, which is logit > 0 (fidelity A17). */
  threshold?: number;
  instances?: InstanceOptions;
  /**
   * Side in image pixels of the windows into which a larger image is cut; each is resized to the model's input. 0 resizes every image
   * as a whole (as the paper). Default: the model's input size.
   */
  tile?: number;
  /** Pixels that a window sees beyond its own part on each side. Default 64, at most a quarter of the tile. */
  halo?: number;
  /** Test-time augmentation: mean logits over the mirrored (`flip`, 4 times the work) or also the turned (`d4`, 8 times) image. */
  views?: Views;
  /** Called after each window. */
  onProgress?: (done: number, total: number) => void;
  /** Called while the model's kernels compile, before its first image on a GPU. */
  onCompile?: (progress: CompileProgress) => void;
  signal?: AbortSignal;
}

/** Maps of the image's own size, row-major. */
export interface Prediction {
  width: number;
  height: number;
  probability: Float32Array;
  /** 1 where the probability is above the threshold. */
  mask: Uint8Array;
  /** Nuclei, numbered from 1. */
  labels: LabelMap;
}

/** A prediction of a model, with what it says before the sigmoid: {@link fromLogits} makes the nuclei of other settings from it. */
export interface ModelPrediction extends Prediction {
  logits: Float32Array;
}

/**
 * Logits of one image at its own size, from the image resized to the model's input as a whole: [height * width], row-major.
 * Logits are brought to the input's size and then to the image's, both bilinear, as SAM's post-processing does.
 */
export async function predictLogits(model: AmaSam, image: RgbImage): Promise<Float32Array> {
  checkRgb("predictImage", image);
  const { imageSize } = model.config.encoder;
  const { width, height } = image;
  const data = image.data instanceof Uint8Array ? image.data : Uint8Array.from(image.data);
  const values = preprocess({ width, height, channels: 3, bitDepth: 8, data }, imageSize); // [1, 3, S, S]
  // The scope ends before the wait: scopes of a device do not overlap, predictions and a training run beside them may.
  const logits = scope(model.device, "predict", () => logitsOf(model, values, height, width));
  try {
    return await logits.data();
  } finally {
    logits.dispose();
  }
}

/** Logits of a preprocessed image at the image's own size. */
function logitsOf(model: AmaSam, values: Float32Array, height: number, width: number): Tensor {
  const { imageSize } = model.config.encoder;
  const { logits } = model.predict(tensor(model.device, values, [1, 3, imageSize, imageSize]));
  const full = logits.shape[2] === imageSize ? logits : interpolateBilinear(logits, [imageSize, imageSize]);
  return width === imageSize && height === imageSize ? full : postprocess(full, height, width);
}

/** Models whose kernels {@link predictImage} need not compile any more. */
const compiled = new WeakSet<AmaSam>();

/**
 * Compiles the kernels of a prediction side by side, so that the first image does not wait for one after the other. On a GPU
 * {@link predictImage} does so by itself; a software adapter compiles on the cores that compute, and gains nothing.
 * @returns how many kernels were compiled
 */
export async function compilePrediction(
  model: AmaSam,
  onProgress?: (progress: CompileProgress) => void,
): Promise<number> {
  const { imageSize } = model.config.encoder;
  const values = new Float32Array(3 * imageSize * imageSize);
  const predict = () => scope(model.device, "compile", () => void logitsOf(model, values, imageSize + 1, imageSize));
  const count = await compileAhead(model.device, predict, onProgress);
  compiled.add(model);
  return count;
}

/**
 * Segments an 8-bit RGB image of any size: probability, mask and nuclei at the image's own size (AMA-SAM 3.4).
 *
 * An image larger than `tile` is predicted in overlapping windows whose logits are blended, so that memory on the device does not
 * grow with the image.
 * @throws AmaSamError for data that is no RGB image, options out of range, or values that are not finite
 */
export async function predictImage(
  model: AmaSam,
  image: RgbImage,
  options: PredictOptions = {},
): Promise<ModelPrediction> {
  checkRgb("predictImage", image);
  const { width, height } = image;
  const { threshold = 0.5, tile = model.config.encoder.imageSize, views = "none", onProgress, signal } = options;
  if (!(threshold > 0 && threshold < 1))
    throw new AmaSamError(
      "predictImage",
      `the threshold is no probability. Got ${threshold}. Expected a number in (0, 1).`,
    );
  if (!Number.isInteger(tile) || tile < 0)
    throw new AmaSamError(
      "predictImage",
      `the tile is no number of pixels. Got ${tile}. Expected a whole number; 0 for no tiles.`,
    );
  signal?.throwIfAborted();
  const predict = (view: RgbImage) => {
    signal?.throwIfAborted();
    return predictLogits(model, view);
  };
  if (!compiled.has(model) && model.device.info.kind !== "software") await compilePrediction(model, options.onCompile);
  const halo = Math.max(0, Math.min(options.halo ?? 64, Math.floor(tile / 4)));
  let logits: Float32Array;
  if (tile === 0 || (width <= tile && height <= tile)) {
    logits = await meanOverViews(image, views, predict);
    onProgress?.(1, 1);
  } else {
    const windows = windowsOver(width, height, tile, halo);
    const blend = new WindowBlend(width, height, halo);
    for (const [i, window] of windows.entries()) {
      const data = cropWindow(image.data, width, height, window);
      const part = { width: tile, height: tile, data };
      blend.add(window, await meanOverViews(part, views, predict));
      onProgress?.(i + 1, windows.length);
    }
    logits = blend.finish();
  }
  return fromLogits(logits, width, height, threshold, options.instances);
}

/** Probability, mask and nuclei of native-size logits. */
export function fromLogits(
  logits: Float32Array,
  width: number,
  height: number,
  threshold = 0.5,
  instances: InstanceOptions = {},
): ModelPrediction {
  const cut = Math.log(threshold / (1 - threshold));
  const probability = new Float32Array(logits.length);
  const mask = new Uint8Array(logits.length);
  for (let i = 0; i < logits.length; i++) {
    const z = logits[i]!;
    if (!Number.isFinite(z))
      throw new AmaSamError(
        "predictImage",
        `the model gives values that are not finite. Got ${z} at pixel ${i}. The weights are damaged, or training diverged.`,
        { reason: "not-finite" },
      );
    probability[i] = 1 / (1 + Math.exp(-z));
    mask[i] = z > cut ? 1 : 0;
  }
  return { width, height, logits, probability, mask, labels: labelMask(mask, width, height, instances) };
}
