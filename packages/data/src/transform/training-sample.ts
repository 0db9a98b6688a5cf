import type { Sample } from "../datasets/dataset";
import { foreground } from "../datasets/labels";
import { DataError } from "../errors";
import { type Augmentation, type AugmentationPlan, noAugmentation, planAugmentation } from "./augmentation";
import { changeColor } from "./color";
import { normalizeToPlanar } from "./normalize";
import { applySymmetry, resizeImage, resizeLabels } from "./resample";
import { changeStain } from "./stain";

/** One input of the model with its target. */
export interface TrainingSample {
  id: string;
  /** [3, size, size], SAM-normalised. */
  image: Float32Array;
  /** [size, size], 1 inside nuclei. */
  mask: Uint8Array;
  /** [size, size], the nucleus ids under the same pixels. */
  labels: Uint32Array;
  size: number;
  plan: AugmentationPlan;
}

/** Options of `makeTrainingSample`. */
export interface TrainingSampleOptions {
  /** Side of the model's square input in pixels. */
  size: number;
  /** Default: none. */
  augmentation?: Augmentation;
  seed?: number;
  epoch?: number;
  /** Position in the epoch (`SampleRef.draw` of the sampler). */
  index?: number;
}

/**
 * Turns a decoded sample into a training sample: window, resize, symmetry, stain, colour, SAM normalisation.
 *
 * A pure function of the sample and (seed, epoch, index). Image, mask and labels take the same window and symmetry; labels by
 * nearest at pixel centres.
 *
 * @throws DataError `no-annotation` for a sample without labels, `bad-argument` for a bad size.
 */
export function makeTrainingSample(sample: Sample, options: TrainingSampleOptions): TrainingSample {
  const { size, augmentation = noAugmentation, seed = 0, epoch = 0, index = 0 } = options;
  if (!Number.isInteger(size) || size < 1) {
    throw new DataError(
      "bad-argument",
      `[makeTrainingSample] bad size. Got ${size}. Expected a whole number of pixels >= 1.`,
    );
  }
  if (sample.labels === null) {
    throw new DataError(
      "no-annotation",
      `[makeTrainingSample] nothing to learn from. Got "${sample.id}" without labels. Expected an annotated image.`,
    );
  }
  const plan = planAugmentation(augmentation, sample.image, size, { seed, epoch, index });
  const rgb = applySymmetry(resizeImage(sample.image, plan.window, size), size, 3, plan.symmetry);
  if (plan.stain !== null) changeStain(rgb, plan.stain);
  if (plan.color !== null) changeColor(rgb, plan.color);
  const labels = applySymmetry(
    resizeLabels(sample.labels, sample.image.width, plan.window, size),
    size,
    1,
    plan.symmetry,
  );
  return {
    id: sample.id,
    image: normalizeToPlanar(rgb, size * size),
    mask: foreground(labels),
    labels,
    size,
    plan,
  };
}

/** A batch as the engine takes it. */
export interface Batch {
  /** [B, 3, size, size] */
  images: Float32Array;
  /** [B, 1, size, size], 0 or 1 */
  masks: Float32Array;
  size: number;
  ids: string[];
}

/** Stacks training samples of one size. */
export function collate(samples: readonly TrainingSample[]): Batch {
  const size = samples[0]?.size ?? 0;
  const pixels = size * size;
  const images = new Float32Array(samples.length * 3 * pixels);
  const masks = new Float32Array(samples.length * pixels);
  samples.forEach((sample, i) => {
    if (sample.size !== size) {
      throw new DataError(
        "size-mismatch",
        `[collate] samples differ in size. Got ${size} and ${sample.size}. Expected one size.`,
      );
    }
    images.set(sample.image, i * 3 * pixels);
    masks.set(sample.mask, i * pixels);
  });
  return { images, masks, size, ids: samples.map((sample) => sample.id) };
}
