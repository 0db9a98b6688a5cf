import { type ScoreOptions, scoreIfEmpty } from "./empty-rule";
import { pairMetric } from "./overlap";

/**
 * Dice similarity coefficient (DSC) of the foregrounds, 2 |P and T| / (|P| + |T|), in [0, 1]; any id above 0 is foreground.
 * Both maps empty: by `emptyRule`; one empty: 0. Source: the paper's DSC (section 4, Table 1), without smoothing.
 *
 * @throws MetricsError for maps that cannot be compared
 */
export const dice = /* @__PURE__ */ pairMetric<ScoreOptions, number>("dice", (pair, options, name) => {
  return scoreIfEmpty(pair, options, name) ?? (2 * pair.bothPixels) / (pair.predPixels + pair.truthPixels);
});

/**
 * Dice with 1 added to numerator and denominator, as UN-SAM's evaluation computes it; never undefined, so no empty-image
 * rule applies: both empty is 1, and a missed image is slightly above 0. Source: UN-SAM (`smooth = 1`).
 *
 * @throws MetricsError for maps that cannot be compared
 */
export const diceSmooth1 = /* @__PURE__ */ pairMetric<object, number>("diceSmooth1", (pair) => {
  return (2 * pair.bothPixels + 1) / (pair.predPixels + pair.truthPixels + 1);
});
