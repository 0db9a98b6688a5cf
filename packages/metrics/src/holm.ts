import { MetricsError } from "./errors";

/**
 * Holm's step-down correction: p-values adjusted so that comparing each with 0.05 bounds the chance of any false finding by
 * 5 %. NaN (no test was possible) stays NaN and does not count as a test. Source: Holm 1979; R's `p.adjust`.
 *
 * @throws MetricsError for a value outside [0, 1]
 */
export function holm(pValues: readonly number[]): number[] {
  for (const p of pValues)
    if (p < 0 || p > 1) throw new MetricsError("holm", "a p-value is out of range", String(p), "numbers in [0, 1]");
  const order = pValues.map((_, i) => i).filter((i) => !Number.isNaN(pValues[i]));
  order.sort((i, j) => pValues[i]! - pValues[j]!);
  const adjusted = pValues.map(() => Number.NaN);
  let floor = 0;
  order.forEach((i, rank) => {
    floor = Math.max(floor, Math.min(1, (order.length - rank) * pValues[i]!));
    adjusted[i] = floor;
  });
  return adjusted;
}
