import { MetricsError } from "./errors";
import type { Overlap } from "./overlap";

/**
 * What an image without any foreground in prediction and truth counts as:
 * - `"score"`: a perfect image, every score is 1;
 * - `"skip"`: no image at all, every score is NaN, and `aggregate` leaves it out and counts it.
 *
 * Foreground on one side only is an error of the model under both rules, and scores 0.
 */
export type EmptyRule = "score" | "skip";

/** Options of every score. */
export interface ScoreOptions {
  /** Default `"score"`. */
  readonly emptyRule?: EmptyRule;
}

/** The score of an image without foreground on either side; `undefined` if there is foreground. */
export function scoreIfEmpty(pair: Overlap, options: ScoreOptions, where: string): number | undefined {
  const rule = options.emptyRule === undefined ? "score" : options.emptyRule;
  if (rule !== "score" && rule !== "skip")
    throw new MetricsError(where, "emptyRule is unknown", JSON.stringify(rule) ?? String(rule), '"score" or "skip"');
  if (pair.predPixels > 0 || pair.truthPixels > 0) return undefined;
  return rule === "score" ? 1 : Number.NaN;
}
