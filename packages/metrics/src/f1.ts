import { type ScoreOptions, scoreIfEmpty } from "./empty-rule";
import { MetricsError } from "./errors";
import { pairMetric } from "./overlap";
import { precision } from "./precision";
import { recall } from "./recall";

const harmonic = (p: number, r: number): number => (p + r === 0 ? 0 : (2 * p * r) / (p + r));

/**
 * Pixel F1 of one image: the harmonic mean of its precision and recall, in [0, 1]; the same number as `dice`.
 * Both 0: 0; both maps empty: by `emptyRule`.
 *
 * @throws MetricsError for maps that cannot be compared
 */
export const f1 = /* @__PURE__ */ pairMetric<ScoreOptions, number>("f1", (pair, options, name) => {
  return scoreIfEmpty(pair, options, name) ?? harmonic(precision(pair), recall(pair));
});

/**
 * The paper's F1 of a data set: 2PR / (P + R) of the mean precision P and the mean recall R over images. It is not the mean
 * of the images' F1, and therefore differs from the mean DSC. Images whose precision or recall is NaN (`emptyRule: "skip"`)
 * are left out. Source: UN-SAM's evaluation; the paper's Table 1 (F1 85.21 beside DSC 85.12).
 *
 * @returns NaN if every image is left out
 * @throws MetricsError if `rows` is empty
 */
export function macroF1(rows: readonly { readonly precision: number; readonly recall: number }[]): number {
  if (rows.length === 0) throw new MetricsError("macroF1", "there is no image", "0 rows", "at least one row");
  let p = 0;
  let r = 0;
  let n = 0;
  for (const row of rows) {
    if (Number.isNaN(row.precision) || Number.isNaN(row.recall)) continue;
    p += row.precision;
    r += row.recall;
    n++;
  }
  return harmonic(p / n, r / n);
}
