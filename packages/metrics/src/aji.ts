import { type ScoreOptions, scoreIfEmpty } from "./empty-rule";
import { pairMetric } from "./overlap";

/** Added to unions when candidates are ranked, as HoVer-Net does: it decides which of two equal ratios wins. */
export const RANK_EPSILON = 1e-6;

/**
 * Aggregated Jaccard index of two instance maps, in [0, 1]: every true instance takes the prediction of highest IoU (of
 * equals the lowest id; one prediction may serve several truths), and predictions nobody took count as errors.
 * Both maps empty: by `emptyRule`; one empty: 0. Source: HoVer-Net's `get_fast_aji`; the paper's AJI.
 *
 * @throws MetricsError for maps that cannot be compared
 */
export const aji = /* @__PURE__ */ pairMetric<ScoreOptions, number>("aji", (pair, options, name) => {
  const empty = scoreIfEmpty(pair, options, name);
  if (empty !== undefined) return empty;
  const { truth, pred, pairStart, pairPred, pairPixels } = pair;
  const used = new Uint8Array(pred.ids.length);
  let inter = 0;
  let union = 0;
  for (let t = 0; t < truth.ids.length; t++) {
    let best = -1;
    let bestIou = 0;
    for (let k = pairStart[t]!; k < pairStart[t + 1]!; k++) {
      const either = truth.areas[t]! + pred.areas[pairPred[k]!]! - pairPixels[k]!;
      const ratio = pairPixels[k]! / (either + RANK_EPSILON);
      if (ratio > bestIou) {
        best = k;
        bestIou = ratio;
      }
    }
    if (best < 0) {
      union += truth.areas[t]!;
      continue;
    }
    const p = pairPred[best]!;
    used[p] = 1;
    inter += pairPixels[best]!;
    union += truth.areas[t]! + pred.areas[p]! - pairPixels[best]!;
  }
  for (let p = 0; p < used.length; p++) if (used[p] === 0) union += pred.areas[p]!;
  return inter / union;
});
