import { type ScoreOptions, scoreIfEmpty } from "./empty-rule";
import { pairMetric } from "./overlap";

/**
 * Intersection over union of the foregrounds, in [0, 1]; its mean over images is the paper's mIoU (the background class
 * is not averaged in). Both maps empty: by `emptyRule`; one empty: 0. Source: the paper, Table 1.
 *
 * @throws MetricsError for maps that cannot be compared
 */
export const iou = /* @__PURE__ */ pairMetric<ScoreOptions, number>("iou", (pair, options, name) => {
  const union = pair.predPixels + pair.truthPixels - pair.bothPixels;
  return scoreIfEmpty(pair, options, name) ?? pair.bothPixels / union;
});

/**
 * IoU with 1 added to numerator and denominator, as UN-SAM's evaluation computes it; no empty-image rule applies.
 * Source: UN-SAM (`smooth = 1`).
 *
 * @throws MetricsError for maps that cannot be compared
 */
export const iouSmooth1 = /* @__PURE__ */ pairMetric<object, number>("iouSmooth1", (pair) => {
  return (pair.bothPixels + 1) / (pair.predPixels + pair.truthPixels - pair.bothPixels + 1);
});
