import { edgeMask, squaredDistances } from "./edge-distance";
import { MetricsError } from "./errors";
import { type Overlap, pairMetric } from "./overlap";
import { quantile } from "./quantile";

/** Options of `hausdorff`. */
export interface HausdorffOptions {
  /** 0..100; 100 (the default) is the maximum, the paper's HD; 95 is HD95. */
  readonly percentile?: number;
}

/**
 * Symmetric Hausdorff distance between the edges of two foregrounds, in pixels: the larger of the two directed distances,
 * each the maximum or a percentile of the exact Euclidean distances. Edges are foreground pixels with a background
 * 4-neighbour, and the border of the image counts as background. Both maps empty: NaN; one empty: Infinity.
 * Source: the paper's HD, computed as MONAI's `compute_hausdorff_distance`.
 *
 * @throws MetricsError for maps that cannot be compared or a percentile outside 0..100
 */
export const hausdorff = /* @__PURE__ */ pairMetric<HausdorffOptions, number>("hausdorff", (pair, options, name) => {
  const percentile = options.percentile ?? 100;
  if (!(percentile >= 0 && percentile <= 100))
    throw new MetricsError(name, "percentile is out of range", String(percentile), "a number from 0 to 100");
  return directedPercentiles(pair, [percentile])[0]!;
});

/** Maximum Hausdorff distance in pixels (`hausdorff` at 100 %), the paper's HD. */
export const hd = /* @__PURE__ */ pairMetric<object, number>("hd", (pair) => directedPercentiles(pair, [100])[0]!);

/** 95 % Hausdorff distance in pixels: the larger of the two directed 95th percentiles (linear interpolation). */
export const hd95 = /* @__PURE__ */ pairMetric<object, number>("hd95", (pair) => directedPercentiles(pair, [95])[0]!);

/** Several percentiles of one image for the price of one. */
export function directedPercentiles(pair: Overlap, percentiles: readonly number[]): number[] {
  const { width, height, predPixels, truthPixels } = pair;
  if (predPixels === 0 || truthPixels === 0)
    return percentiles.map(() => (predPixels === truthPixels ? Number.NaN : Number.POSITIVE_INFINITY));
  const a = edgeMask(pair.pred.index, width, height);
  const b = edgeMask(pair.truth.index, width, height);
  const directed = [squaredDistances(a, b, width, height), squaredDistances(b, a, width, height)];
  for (const distances of directed) {
    for (let i = 0; i < distances.length; i++) distances[i] = Math.sqrt(distances[i]!);
    distances.sort();
  }
  return percentiles.map((p) => Math.max(...directed.map((d) => quantile(d, p / 100))));
}
