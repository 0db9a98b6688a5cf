/** Bars of a histogram. */
export interface Histogram {
  counts: number[];
  /** Where the first bar begins and how wide each is. */
  start: number;
  width: number;
  /** Values beyond the last bar, which holds them, too. */
  beyond: number;
  mean: number;
  median: number;
}

/** A histogram from 0 to the 99th percentile, so that one clump does not squeeze all others into one bar. */
export function histogram(values: ArrayLike<number>, bars = 24): Histogram | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
  const top = Math.max(at(0.99), Number.MIN_VALUE);
  const width = niceStep(top / bars);
  const counts = new Array<number>(Math.floor(top / width) + 1).fill(0);
  let beyond = 0;
  for (const value of sorted) {
    const bar = Math.floor(value / width);
    if (bar >= counts.length) beyond++;
    counts[Math.min(counts.length - 1, bar)]!++;
  }
  const mean = sorted.reduce((a, b) => a + b, 0) / sorted.length;
  return { counts, start: 0, width, beyond, mean, median: at(0.5) };
}

/** The next of 1, 2, 2.5, 5 times a power of ten. */
function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((m) => m * power).find((step) => step >= value * 0.999)!;
}
