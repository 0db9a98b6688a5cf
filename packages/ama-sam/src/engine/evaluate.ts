import type { DatasetItem, Sample } from "@ama-sam/data";
import {
  type Aggregate,
  aggregate,
  aji,
  ajiPlus,
  type EmptyRule,
  type EvaluationRow,
  METRICS,
  overlap,
  panopticQuality,
  evaluate as scoreMaps,
} from "@ama-sam/metrics";
import { AmaSamError } from "../errors";
import type { AmaSam } from "../model/ama-sam";
import { type Prediction, type PredictOptions, predictImage } from "./predict";

/** Options of {@link evaluateModel}. */
export interface EvaluateOptions extends Omit<PredictOptions, "onProgress"> {
  /** An image without nuclei in truth and prediction: a perfect score, or left out. Default `score`. */
  emptyRule?: EmptyRule;
  /** Sees every image as soon as it is scored: for previews and progress. */
  onImage?: (result: EvaluatedImage, done: number, total: number) => void | Promise<void>;
}

/** One scored image. */
export interface EvaluatedImage {
  id: string;
  row: EvaluationRow;
  sample: Sample;
  prediction: Prediction;
}

/** Scores per image and over the set. */
export interface ModelEvaluation {
  rows: EvaluationRow[];
  aggregate: Aggregate;
}

/**
 * Scores predictions against annotations at the images' own sizes: the paper's eight metrics and their variants (see
 * `@ama-sam/metrics`), by image and as means.
 * @throws AmaSamError for no image, or one without annotation
 */
export async function evaluateModel(
  model: AmaSam,
  items: readonly (DatasetItem | Sample)[],
  options: EvaluateOptions = {},
): Promise<ModelEvaluation> {
  return evaluatePredictor(
    (sample) => predictImage(model, sample.image as { width: number; height: number; data: Uint8Array }, options),
    items,
    options,
  );
}

/** {@link evaluateModel} for anything that makes a prediction from a sample, such as a baseline. */
export async function evaluatePredictor(
  predict: (sample: Sample) => Prediction | Promise<Prediction>,
  items: readonly (DatasetItem | Sample)[],
  { emptyRule = "score", onImage, signal }: Pick<EvaluateOptions, "emptyRule" | "onImage" | "signal"> = {},
): Promise<ModelEvaluation> {
  if (items.length === 0)
    throw new AmaSamError("evaluateModel", "no image to score. Got an empty list. Check the split's name.");
  const rows: EvaluationRow[] = [];
  for (const item of items) {
    signal?.throwIfAborted();
    const sample = "load" in item ? await item.load() : item;
    const { labels, image, id } = sample;
    if (!labels)
      throw new AmaSamError(
        "evaluateModel",
        `an image has no annotation. Got ${id}. Expected labels; leave it out or use predict.`,
      );
    const prediction = await predict(sample);
    const row = score(prediction, labels, image.width, image.height, emptyRule, id);
    rows.push(row);
    await onImage?.({ id, row, sample, prediction }, rows.length, items.length);
  }
  return { rows, aggregate: aggregate(rows) };
}

/**
 * Semantic scores belong to the mask as the model gave it: the instance step, which drops small objects and fills holes, is part
 * of AJI and PQ only.
 */
function score(
  { mask, labels: found }: Prediction,
  labels: Uint32Array,
  width: number,
  height: number,
  emptyRule: EmptyRule,
  image: string,
): EvaluationRow {
  const truth = Uint8Array.from(labels, (id) => (id > 0 ? 1 : 0));
  const instances = overlap(found, { data: labels, width, height });
  return {
    ...scoreMaps({ data: mask, width, height }, { data: truth, width, height }, { emptyRule }),
    aji: aji(instances, { emptyRule }),
    ajiPlus: ajiPlus(instances, { emptyRule }),
    ...panopticQuality(instances, { emptyRule }),
    image,
  };
}

/** The means as a flat table: every metric of `METRICS`, and `macroF1`, the paper's F1. */
export function flatMetrics(scores: Aggregate): Record<string, number> {
  return { ...Object.fromEntries(METRICS.map((name) => [name, scores[name]])), macroF1: scores.macroF1 };
}
