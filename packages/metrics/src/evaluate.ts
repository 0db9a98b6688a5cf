import { aji } from "./aji";
import { ajiPlus } from "./aji-plus";
import { dice, diceSmooth1 } from "./dice";
import { scoreIfEmpty } from "./empty-rule";
import { f1 } from "./f1";
import { directedPercentiles } from "./hausdorff";
import { iou, iouSmooth1 } from "./iou";
import { type Overlap, pairMetric } from "./overlap";
import { type PanopticOptions, panopticQuality } from "./panoptic-quality";
import { precision } from "./precision";
import { recall } from "./recall";

/** Every metric of one image, flat, so that it is a row of a table. Scores in [0, 1], distances in pixels. */
export interface Evaluation {
  readonly dsc: number;
  readonly iou: number;
  readonly precision: number;
  readonly recall: number;
  /** Pixel F1 of this image (equal to `dsc`); the paper's F1 of a data set is `aggregate(rows).macroF1`. */
  readonly f1: number;
  readonly dscSmooth1: number;
  readonly iouSmooth1: number;
  /** NaN if both maps are empty, Infinity if one is. */
  readonly hd: number;
  readonly hd95: number;
  readonly aji: number;
  readonly ajiPlus: number;
  readonly dq: number;
  readonly sq: number;
  readonly pq: number;
  /** Matched pairs, unmatched predictions and unmatched truths of the panoptic quality. */
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  /** Foreground pixels of the prediction, of the truth, and of both. */
  readonly predPixels: number;
  readonly truthPixels: number;
  readonly bothPixels: number;
}

/** An `Evaluation` that may know its image; `compareRuns` then refuses to pair different images. */
export interface EvaluationRow extends Evaluation {
  readonly image?: string;
}

/**
 * All metrics of one image from one pass over its pixels: the semantic ones from the foregrounds (any id above 0), AJI and PQ
 * from the instances. For binary masks give instances first (`connectedComponents`), or the whole foreground is one instance.
 *
 * @param pred predicted instance map [height, width], or the `Overlap` of both maps in place of both
 * @param truth reference instance map [height, width]
 * @throws MetricsError for maps that cannot be compared, or an unknown option value
 * @example evaluate({ data: labels, width: 256, height: 256 }, truth, { emptyRule: "skip" }).pq
 */
export const evaluate = /* @__PURE__ */ pairMetric<PanopticOptions, Evaluation>("evaluate", (pair, options, name) => {
  scoreIfEmpty(pair, options, name); // so that an unknown rule is reported under this name
  return allMetrics(pair, options);
});

function allMetrics(pair: Overlap, options: PanopticOptions): Evaluation {
  const [hd, hd95] = directedPercentiles(pair, [100, 95]) as [number, number];
  return {
    dsc: dice(pair, options),
    iou: iou(pair, options),
    precision: precision(pair, options),
    recall: recall(pair, options),
    f1: f1(pair, options),
    dscSmooth1: diceSmooth1(pair),
    iouSmooth1: iouSmooth1(pair),
    hd,
    hd95,
    aji: aji(pair, options),
    ajiPlus: ajiPlus(pair, options),
    ...panopticQuality(pair, options),
    predPixels: pair.predPixels,
    truthPixels: pair.truthPixels,
    bothPixels: pair.bothPixels,
  };
}
