import { METRICS, type MetricName } from "./aggregate";
import { type BootstrapOptions, pairedBootstrap } from "./bootstrap";
import { MetricsError } from "./errors";
import type { EvaluationRow } from "./evaluate";
import { holm } from "./holm";
import { type Wilcoxon, type WilcoxonOptions, wilcoxon } from "./wilcoxon";

/** The paper's eight metrics, in the order of its Table 1. */
export const PAPER_METRICS = ["dsc", "iou", "f1", "hd", "aji", "dq", "sq", "pq"] as const satisfies MetricName[];

/** Options of `compareRuns`. */
export interface CompareOptions extends BootstrapOptions, WilcoxonOptions {
  /** Which metrics to test, and to correct for; default `PAPER_METRICS`. */
  readonly metrics?: readonly MetricName[];
}

/** One metric of a comparison of two runs. */
export interface Comparison {
  readonly metric: MetricName;
  /** Images compared, and images left out because the metric is NaN or infinite in at least one run. */
  readonly n: number;
  readonly leftOut: number;
  /** Means over the compared images. */
  readonly meanA: number;
  readonly meanB: number;
  /** Mean of a - b and its bootstrap interval. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Paired Wilcoxon, and the same after Holm's correction over the table. */
  readonly pValue: number;
  readonly pHolm: number;
  readonly method: Wilcoxon["method"];
  /** Rank-biserial correlation of a - b, in [-1, 1]. */
  readonly effect: number;
  /** Which run has the better mean; distances are better when smaller. */
  readonly better: "a" | "b" | "equal";
}

/**
 * Compares two runs image by image: one row per metric with both means, the paired difference with its bootstrap interval, the
 * Wilcoxon p-value, and Holm's correction over the rows. Row i of both must be the same image; `image` names are checked where
 * both have one. A metric without any image to compare gets NaN.
 *
 * @throws MetricsError if the runs are not paired or an option is out of range
 */
export function compareRuns(
  a: readonly EvaluationRow[],
  b: readonly EvaluationRow[],
  options: CompareOptions = {},
): Comparison[] {
  const metrics = options.metrics ?? PAPER_METRICS;
  expectSameImages(a, b);
  for (const metric of metrics)
    if (!METRICS.includes(metric))
      throw new MetricsError("compareRuns", "a metric is unknown", JSON.stringify(metric), METRICS.join(", "));
  const rows = metrics.map((metric) => compareMetric(metric, a, b, options));
  const adjusted = holm(rows.map((row) => row.pValue));
  return rows.map((row, i) => ({ ...row, pHolm: adjusted[i]! }));
}

function compareMetric(
  metric: MetricName,
  a: readonly EvaluationRow[],
  b: readonly EvaluationRow[],
  options: CompareOptions,
): Omit<Comparison, "pHolm"> {
  const both = a.map((_, i) => i).filter((i) => Number.isFinite(a[i]![metric]) && Number.isFinite(b[i]![metric]));
  const x = both.map((i) => a[i]![metric]);
  const y = both.map((i) => b[i]![metric]);
  const mean = (values: number[]) => values.reduce((s, v) => s + v, 0) / values.length;
  const counts = { metric, n: both.length, leftOut: a.length - both.length, meanA: mean(x), meanB: mean(y) };
  if (both.length === 0) {
    const none = Number.NaN;
    const test = { difference: none, low: none, high: none, pValue: none, effect: none };
    return { ...counts, ...test, method: "exact", better: "equal" };
  }
  const { difference, low, high } = pairedBootstrap(x, y, options);
  const { pValue, method, effect } = wilcoxon(x, y, options);
  const gain = metric === "hd" || metric === "hd95" ? -difference : difference;
  const better = gain > 0 ? "a" : gain < 0 ? "b" : "equal";
  return { ...counts, difference, low, high, pValue, method, effect, better };
}

function expectSameImages(a: readonly EvaluationRow[], b: readonly EvaluationRow[]): void {
  if (a.length !== b.length || a.length === 0)
    throw new MetricsError(
      "compareRuns",
      "the runs are not paired",
      `${a.length} and ${b.length} images`,
      "the same images in the same order, at least one",
    );
  for (let i = 0; i < a.length; i++) {
    const [p, q] = [a[i]!.image, b[i]!.image];
    if (p !== undefined && q !== undefined && p !== q)
      throw new MetricsError(
        "compareRuns",
        "the runs are not paired",
        `image ${i} is ${JSON.stringify(p)} in a and ${JSON.stringify(q)} in b`,
        "the same images in the same order",
        "Sort both by image first.",
      );
  }
}
