import { type ScoreOptions, scoreIfEmpty } from "./empty-rule";
import { pairMetric } from "./overlap";

/**
 * Share of the predicted foreground pixels that are right, in [0, 1]. Nothing predicted although there is truth: 0;
 * both maps empty: by `emptyRule`. Source: UN-SAM's pixel precision.
 *
 * @throws MetricsError for maps that cannot be compared
 */
export const precision = /* @__PURE__ */ pairMetric<ScoreOptions, number>("precision", (pair, options, name) => {
  return scoreIfEmpty(pair, options, name) ?? (pair.predPixels > 0 ? pair.bothPixels / pair.predPixels : 0);
});
