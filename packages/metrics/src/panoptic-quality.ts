import { type ScoreOptions, scoreIfEmpty } from "./empty-rule";
import { MetricsError } from "./errors";
import { pairMetric } from "./overlap";

/** Options of `panopticQuality`. */
export interface PanopticOptions extends ScoreOptions {
  /** A pair matches when its IoU is strictly above this; from 0.5 (the default), so that matches are unique, to below 1. */
  readonly matchIou?: number;
}

/** Detection, segmentation and panoptic quality with the counts behind them. */
export interface PanopticQuality {
  /** Detection quality: F1 of the matched instances, tp / (tp + fp / 2 + fn / 2). */
  readonly dq: number;
  /** Segmentation quality: mean IoU of the matched pairs. */
  readonly sq: number;
  /** dq * sq. */
  readonly pq: number;
  /** Matched pairs, unmatched predictions, unmatched truths. */
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
}

/**
 * Panoptic quality of two instance maps: DQ, SQ and PQ in [0, 1]. Both maps empty: by `emptyRule`; one empty, or no match: 0.
 * SQ divides by tp + 1e-6. Source: HoVer-Net's `get_fast_pq`; the paper's DQ, SQ, PQ.
 *
 * @throws MetricsError for maps that cannot be compared or a `matchIou` outside [0.5, 1)
 */
export const panopticQuality = /* @__PURE__ */ pairMetric<PanopticOptions, PanopticQuality>(
  "panopticQuality",
  (pair, options, name) => {
    const { truth, pred, pairStart, pairPred, pairPixels } = pair;
    const match = options.matchIou ?? 0.5;
    if (!(match >= 0.5 && match < 1))
      throw new MetricsError(name, "matchIou cannot match one to one", String(match), "a number in [0.5, 1)");
    const empty = scoreIfEmpty(pair, options, name);
    if (empty !== undefined) return { dq: empty, sq: empty, pq: empty, tp: 0, fp: 0, fn: 0 };
    let tp = 0;
    let sum = 0;
    for (let t = 0; t < truth.ids.length; t++)
      for (let k = pairStart[t]!; k < pairStart[t + 1]!; k++) {
        const ratio = pairPixels[k]! / (truth.areas[t]! + pred.areas[pairPred[k]!]! - pairPixels[k]!);
        if (ratio <= match) continue;
        tp++;
        sum += ratio;
      }
    const fp = pred.ids.length - tp;
    const fn = truth.ids.length - tp;
    const dq = tp / (tp + 0.5 * fp + 0.5 * fn);
    const sq = sum / (tp + 1e-6);
    return { dq, sq, pq: dq * sq, tp, fp, fn };
  },
);
