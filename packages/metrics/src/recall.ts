import { type ScoreOptions, scoreIfEmpty } from "./empty-rule";
import { pairMetric } from "./overlap";

/**
 * Share of the true foreground pixels that were found, in [0, 1]. Nothing to find although something was predicted: 0;
 * both maps empty: by `emptyRule`. Source: UN-SAM's pixel recall.
 *
 * @throws MetricsError for maps that cannot be compared
 */
export const recall = /* @__PURE__ */ pairMetric<ScoreOptions, number>("recall", (pair, options, name) => {
  return scoreIfEmpty(pair, options, name) ?? (pair.truthPixels > 0 ? pair.bothPixels / pair.truthPixels : 0);
});
