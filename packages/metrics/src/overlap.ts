import { MetricsError } from "./errors";
import { type InstanceIndex, indexInstances } from "./instance-index";
import { expectLabelMap, type LabelMap } from "./label-map";

/**
 * Everything the metrics need to know about one image: the instances of both maps and the pixels they share.
 * Pairs are stored sparsely, grouped by truth: truth `t` overlaps `pairPred[k]` in `pairPixels[k]` pixels for
 * `k` from `pairStart[t]` to `pairStart[t + 1] - 1`, predictions ascending.
 */
export interface Overlap {
  readonly kind: "overlap";
  readonly width: number;
  readonly height: number;
  readonly pred: InstanceIndex;
  readonly truth: InstanceIndex;
  /** Foreground pixels of the prediction, of the truth, and of both at once. */
  readonly predPixels: number;
  readonly truthPixels: number;
  readonly bothPixels: number;
  /** [truths + 1] */
  readonly pairStart: Int32Array;
  /** [pairs] position of the prediction in `pred.ids`. */
  readonly pairPred: Int32Array;
  /** [pairs] */
  readonly pairPixels: Float64Array;
}

/**
 * Counts once what every metric of an image shares: pass the result to any metric in place of `pred, truth`.
 *
 * @param pred predicted mask or instance map [height, width]
 * @param truth reference mask or instance map [height, width]
 * @throws MetricsError if the sizes differ, an image is empty, or a pixel holds a negative, fractional or NaN value
 */
export function overlap(pred: LabelMap, truth: LabelMap): Overlap {
  return overlapFor("overlap", pred, truth);
}

/** `overlap` whose errors carry the name of the metric that was called. */
export function overlapFor(where: string, pred: LabelMap, truth: LabelMap): Overlap {
  expectLabelMap(where, "pred", pred);
  expectLabelMap(where, "truth", truth);
  if (pred.width !== truth.width || pred.height !== truth.height)
    throw new MetricsError(
      where,
      "pred and truth differ in size",
      `pred ${pred.width} x ${pred.height}, truth ${truth.width} x ${truth.height}`,
      "the same width and height",
      "Resize the prediction to the image's own size (labels by nearest).",
    );
  const p = indexInstances(where, "pred", pred);
  const t = indexInstances(where, "truth", truth);
  const pairs = countPairs(t, p);
  const total = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0);
  return {
    kind: "overlap",
    width: pred.width,
    height: pred.height,
    pred: p,
    truth: t,
    predPixels: total(p.areas),
    truthPixels: total(t.areas),
    bothPixels: total(pairs.pairPixels),
    ...pairs,
  };
}

/** Sorts the runs of equal (truth, pred) pixels by truth, then adds the runs of each truth up by prediction. */
function countPairs(truth: InstanceIndex, pred: InstanceIndex) {
  const n = truth.ids.length;
  const pixels = truth.index.length;
  const runStart = new Int32Array(n + 2);
  eachRun(truth.index, pred.index, (t) => runStart[t + 1]!++);
  for (let t = 0; t <= n; t++) runStart[t + 1]! += runStart[t]!;
  const runs = runStart[n + 1]!;
  const next = runStart.slice();
  const runPred = new Int32Array(runs);
  const runLength = new Int32Array(runs);
  eachRun(truth.index, pred.index, (t, p, length) => {
    const at = next[t]!++;
    runPred[at] = p - 1;
    runLength[at] = length;
  });

  const shared = new Float64Array(pred.ids.length);
  const pairStart = new Int32Array(n + 1);
  const pairPred = new Int32Array(Math.min(runs, pixels));
  const pairPixels = new Float64Array(pairPred.length);
  let end = 0;
  for (let t = 1; t <= n; t++) {
    const start = end;
    for (let r = runStart[t]!; r < runStart[t + 1]!; r++) {
      const p = runPred[r]!;
      if (shared[p] === 0) pairPred[end++] = p;
      shared[p]! += runLength[r]!;
    }
    pairPred.subarray(start, end).sort();
    for (let k = start; k < end; k++) {
      pairPixels[k] = shared[pairPred[k]!]!;
      shared[pairPred[k]!] = 0;
    }
    pairStart[t] = end;
  }
  return { pairStart, pairPred: pairPred.slice(0, end), pairPixels: pairPixels.slice(0, end) };
}

/** Calls `visit` for every maximal run of pixels with the same foreground truth and prediction. */
function eachRun(truth: Int32Array, pred: Int32Array, visit: (t: number, p: number, length: number) => void): void {
  const n = truth.length;
  for (let i = 0; i < n; ) {
    const t = truth[i]!;
    const p = pred[i]!;
    const start = i++;
    while (i < n && truth[i] === t && pred[i] === p) i++;
    if (t > 0 && p > 0) visit(t, p, i - start);
  }
}

function isOverlap(value: LabelMap | Overlap | undefined): value is Overlap {
  return (value as Partial<Overlap> | undefined)?.kind === "overlap";
}

/** A metric of one image: takes the two maps, or the `Overlap` of them when several metrics share it. */
export interface PairMetric<Options, Result> {
  (pred: LabelMap, truth: LabelMap, options?: Options): Result;
  (overlap: Overlap, options?: Options): Result;
}

/** Gives `compute` both call forms of a `PairMetric`. */
export function pairMetric<Options extends object, Result>(
  name: string,
  compute: (pair: Overlap, options: Options, name: string) => Result,
): PairMetric<Options, Result> {
  return (first: LabelMap | Overlap, second?: LabelMap | Options, third?: Options): Result => {
    if (isOverlap(first)) return compute(first, (second ?? {}) as Options, name);
    return compute(overlapFor(name, first as LabelMap, second as LabelMap), third ?? ({} as Options), name);
  };
}
