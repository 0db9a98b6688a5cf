import { MetricsError } from "./errors";
import { expectPairs } from "./pairs";
import { philox } from "./philox";
import { quantile } from "./quantile";

/** Options of `pairedBootstrap`. */
export interface BootstrapOptions {
  /** Default 10,000. */
  readonly resamples?: number;
  /** Default 0.95. */
  readonly confidence?: number;
  /** Whole number from 0 to 2^53 - 1; default 0. The same seed gives the same interval on every machine. */
  readonly seed?: number;
}

/** A mean paired difference and its bootstrap interval. */
export interface Bootstrap {
  /** Mean of a - b. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  readonly resamples: number;
  readonly confidence: number;
  readonly seed: number;
}

/**
 * Percentile bootstrap interval of the mean of a - b: images are drawn with replacement, and a pair always moves together.
 * Draw i of resample r depends only on (seed, r, i). Source: Efron and Tibshirani 1993, section 13.3.
 *
 * @throws MetricsError for unpaired or non-finite values, or an option out of range
 */
export function pairedBootstrap(a: ArrayLike<number>, b: ArrayLike<number>, options: BootstrapOptions = {}): Bootstrap {
  const { resamples = 10_000, confidence = 0.95, seed = 0 } = options;
  const fail = (name: string, got: unknown, expected: string) => {
    throw new MetricsError("pairedBootstrap", `${name} is out of range`, String(got), expected);
  };
  if (!Number.isSafeInteger(resamples) || resamples < 1 || resamples > 1e7)
    fail("resamples", resamples, "a whole number from 1 to 10,000,000");
  if (!(confidence > 0 && confidence < 1)) fail("confidence", confidence, "a number between 0 and 1");
  if (!Number.isSafeInteger(seed) || seed < 0) fail("seed", seed, "a whole number from 0 to 2^53 - 1");
  expectPairs("pairedBootstrap", a, b);

  const n = a.length;
  const d = Float64Array.from(a, (value, i) => value - b[i]!);
  const means = new Float64Array(resamples);
  const words = new Uint32Array(4);
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      if (i % 4 === 0) philox(seed, i / 4, r, words);
      sum += d[Math.floor((words[i % 4]! / 2 ** 32) * n)]!; // uneven by n / 2^32 at most
    }
    means[r] = sum / n;
  }
  means.sort();
  return {
    difference: d.reduce((s, x) => s + x, 0) / n,
    low: quantile(means, (1 - confidence) / 2),
    high: quantile(means, (1 + confidence) / 2),
    resamples,
    confidence,
    seed,
  };
}
