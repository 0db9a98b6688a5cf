import { MetricsError } from "./errors";
import { normalUpperTail } from "./normal";
import { expectPairs } from "./pairs";

/** Options of `wilcoxon`. */
export interface WilcoxonOptions {
  /**
   * Pairs without a difference: `"wilcox"` (the default) drops them before ranking (Wilcoxon 1945), `"pratt"` ranks them and
   * then drops their ranks (Pratt 1959).
   */
  readonly zeros?: "wilcox" | "pratt";
  /** `"greater"`: a tends to be above b. Default `"two-sided"`. */
  readonly alternative?: "two-sided" | "greater" | "less";
  /** `"auto"` (the default): exact up to 50 pairs that differ, normal beyond. */
  readonly method?: "auto" | "exact" | "normal";
}

/** Result of the paired Wilcoxon signed-rank test. */
export interface Wilcoxon {
  /** Sum of the ranks of the pairs with a > b, and with a < b. */
  readonly wPlus: number;
  readonly wMinus: number;
  /** Pairs that differ, and pairs that do not. */
  readonly n: number;
  readonly zeros: number;
  /** 1 if no pair differs. */
  readonly pValue: number;
  /** How `pValue` was computed. */
  readonly method: "exact" | "normal";
  /** Matched-pairs rank-biserial correlation, (W+ - W-) / (W+ + W-), in [-1, 1]; 0 if no pair differs. */
  readonly effect: number;
}

/** Up to here every count of sign patterns is an exact double. */
const MAX_EXACT = 50;

/**
 * Paired Wilcoxon signed-rank test of a - b. Equal absolute differences share the mean of their ranks. Exact: the distribution
 * of W+ over all 2^n signs given those ranks, so it stays exact with ties and zeros. Normal: tie-corrected variance (a quarter
 * of the squared ranks' sum) and a continuity correction of 1/2. Source: Wilcoxon 1945, Pratt 1959; `scipy.stats.wilcoxon`.
 *
 * @throws MetricsError for unpaired or non-finite values, an unknown option, or `"exact"` with more than 50 differing pairs
 */
export function wilcoxon(a: ArrayLike<number>, b: ArrayLike<number>, options: WilcoxonOptions = {}): Wilcoxon {
  const { zeros = "wilcox", alternative = "two-sided", method = "auto" } = options;
  expectChoice("zeros", zeros, ["wilcox", "pratt"]);
  expectChoice("alternative", alternative, ["two-sided", "greater", "less"]);
  expectChoice("method", method, ["auto", "exact", "normal"]);
  expectPairs("wilcoxon", a, b);

  const all = Array.from(a, (value, i) => value - b[i]!);
  const kept = zeros === "pratt" ? all : all.filter((d) => d !== 0);
  const ranks = midRanks(kept.map(Math.abs));
  const ranked = kept.map((d, i) => ({ d, rank: ranks[i]! })).filter(({ d }) => d !== 0);
  const n = ranked.length;
  if (method === "exact" && n > MAX_EXACT)
    throw new MetricsError("wilcoxon", "too many pairs to be exact", `${n}`, `at most ${MAX_EXACT}`, 'Use "auto".');

  const sum = (values: readonly { readonly rank: number }[]) => values.reduce((s, { rank }) => s + rank, 0);
  const wPlus = sum(ranked.filter(({ d }) => d > 0));
  const wMinus = sum(ranked.filter(({ d }) => d < 0));
  const exact = method === "exact" || (method === "auto" && n <= MAX_EXACT);
  const tail = exact ? exactTails : normalTails;
  const { above, below } = tail(
    ranked.map(({ rank }) => rank),
    wPlus,
  );
  const both = Math.min(1, 2 * Math.min(above, below));
  const pValue = n === 0 ? 1 : { "two-sided": both, greater: above, less: below }[alternative];
  const effect = n === 0 ? 0 : (wPlus - wMinus) / (wPlus + wMinus);
  return { wPlus, wMinus, n, zeros: all.length - n, pValue, method: exact ? "exact" : "normal", effect };
}

function expectChoice(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value))
    throw new MetricsError("wilcoxon", `${name} is unknown`, JSON.stringify(value) ?? "undefined", choices.join(", "));
}

/** Ranks from 1; equal values get the mean of the ranks they cover. */
function midRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const ranks = new Array<number>(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) ranks[order[k]!] = (from + 1 + to) / 2;
  }
  return ranks;
}

/** P(W+ >= w) and P(W+ <= w) by counting, for every sum of doubled ranks, the sign patterns that reach it. */
function exactTails(ranks: readonly number[], w: number) {
  const doubled = ranks.map((r) => Math.round(2 * r));
  const total = doubled.reduce((s, r) => s + r, 0);
  const ways = new Float64Array(total + 1);
  ways[0] = 1;
  for (const r of doubled) for (let s = total; s >= r; s--) ways[s]! += ways[s - r]!;
  const at = Math.round(2 * w);
  const patterns = 2 ** ranks.length;
  const below = ways.subarray(0, at + 1).reduce((s, x) => s + x, 0);
  return { above: (patterns - below + ways[at]!) / patterns, below: below / patterns };
}

/** The same tails of the normal distribution with W+'s mean and variance, half a step towards the mean. */
function normalTails(ranks: readonly number[], w: number) {
  const mean = ranks.reduce((s, r) => s + r, 0) / 2;
  const sd = Math.sqrt(ranks.reduce((s, r) => s + r * r, 0) / 4);
  return { above: normalUpperTail((w - mean - 0.5) / sd), below: normalUpperTail((mean - w - 0.5) / sd) };
}
