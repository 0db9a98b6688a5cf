import { MetricsError } from "./errors";
import type { Evaluation } from "./evaluate";
import { macroF1 } from "./f1";

/** The metrics of an `Evaluation` that are averaged over images. */
export const METRICS = [
  "dsc",
  "iou",
  "precision",
  "recall",
  "f1",
  "dscSmooth1",
  "iouSmooth1",
  "hd",
  "hd95",
  "aji",
  "ajiPlus",
  "dq",
  "sq",
  "pq",
] as const;

/** The name of an averaged metric. */
export type MetricName = (typeof METRICS)[number];

/** Images that a mean could not include. */
export interface LeftOut {
  /** Undefined there: both maps empty (distances, and every score under `emptyRule: "skip"`). */
  readonly nan: number;
  /** Infinite there: one map empty (distances). */
  readonly inf: number;
}

/** Means over images, and what they leave out. */
export interface Aggregate extends Record<MetricName, number> {
  /** Images given. */
  readonly images: number;
  /** The paper's F1: 2PR / (P + R) of the mean precision and mean recall. */
  readonly macroF1: number;
  /** Per metric, how many images its mean leaves out; with `hd` print it, or the mean cannot be compared. */
  readonly leftOut: Readonly<Record<MetricName, LeftOut>>;
  /** The same scores with all images pooled as if they were one; both-empty images change nothing here. */
  readonly pooled: Readonly<Record<"dsc" | "iou" | "precision" | "recall" | "dq" | "sq" | "pq", number>>;
}

/**
 * Averages the rows of `evaluate` over images. NaN and infinite values are left out of their own metric's mean and counted in
 * `leftOut` (MONAI's mean drops NaN too, but lets one infinite HD swallow the data set). A mean without any image is NaN.
 *
 * @throws MetricsError if there is no row
 */
export function aggregate(rows: readonly Evaluation[]): Aggregate {
  if (rows.length === 0) throw new MetricsError("aggregate", "there is no image", "0 rows", "at least one row");
  const means = {} as Record<MetricName, number>;
  const leftOut = {} as Record<MetricName, LeftOut>;
  for (const name of METRICS) {
    const values = rows.map((row) => row[name]);
    const finite = values.filter(Number.isFinite);
    const nan = values.filter(Number.isNaN).length;
    means[name] = finite.reduce((sum, v) => sum + v, 0) / finite.length;
    leftOut[name] = { nan, inf: values.length - finite.length - nan };
  }
  return { images: rows.length, ...means, macroF1: macroF1(rows), leftOut, pooled: pool(rows) };
}

function pool(rows: readonly Evaluation[]): Aggregate["pooled"] {
  const sum = (of: (row: Evaluation) => number) => rows.reduce((s, row) => s + of(row), 0);
  const pred = sum((r) => r.predPixels);
  const truth = sum((r) => r.truthPixels);
  const both = sum((r) => r.bothPixels);
  const tp = sum((r) => r.tp);
  const errors = sum((r) => 0.5 * r.fp + 0.5 * r.fn);
  const dq = ratio(tp, tp + errors, 1);
  // An image's SQ times its matches gives back the sum of its IoUs.
  const sq = tp + errors === 0 ? 1 : sum((r) => (r.tp > 0 ? r.sq * (r.tp + 1e-6) : 0)) / (tp + 1e-6);
  return {
    dsc: ratio(2 * both, pred + truth, 1),
    iou: ratio(both, pred + truth - both, 1),
    precision: ratio(both, pred, truth === 0 ? 1 : 0),
    recall: ratio(both, truth, pred === 0 ? 1 : 0),
    dq,
    sq,
    pq: dq * sq,
  };
}

const ratio = (a: number, b: number, empty: number): number => (b === 0 ? empty : a / b);
