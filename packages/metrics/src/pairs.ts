import { MetricsError } from "./errors";

/** Throws a `MetricsError` unless `a` and `b` are equally long, not empty, and finite throughout. */
export function expectPairs(where: string, a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length)
    throw new MetricsError(where, "samples are not paired", `${a.length} and ${b.length} values`, "equally many");
  if (a.length === 0) throw new MetricsError(where, "there is no pair", "0 pairs", "at least one pair");
  for (let i = 0; i < a.length; i++)
    if (!Number.isFinite(a[i]) || !Number.isFinite(b[i]))
      throw new MetricsError(
        where,
        "a pair is not finite",
        `${a[i]} and ${b[i]} at ${i}`,
        "finite numbers",
        "compareRuns leaves such images out and counts them.",
      );
}
