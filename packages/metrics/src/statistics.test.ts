import { describe, expect, it } from "vitest";
import { random } from "../test-support/random-maps";
import { aggregate, compareRuns, type Evaluation, evaluate, holm, macroF1, pairedBootstrap, wilcoxon } from "./index";
import { normalUpperTail } from "./normal";
import { philox } from "./philox";

const zeros = (d: readonly number[]) => d.map(() => 0);

describe("wilcoxon", () => {
  const plain = [1, -2, 3, 4, -5, 6, 7, 8, -9, 10];
  const tied = [1, 1, -1, 2, 2, -3, 0, 0, 4, 5, 5, -2];

  it("equals SciPy's exact distribution", () => {
    const p = (alternative: "two-sided" | "greater" | "less") => wilcoxon(plain, zeros(plain), { alternative }).pValue;
    expect([p("two-sided"), p("greater"), p("less")]).toEqual([0.275390625, 0.1376953125, 0.8837890625]);
    expect(wilcoxon(plain, zeros(plain))).toMatchObject({ wPlus: 39, wMinus: 16, n: 10, zeros: 0, method: "exact" });
    const forty = Array.from({ length: 40 }, (_, i) => ((i * 37) % 101) - 40.5 + 0.01 * i);
    expect(wilcoxon(forty, zeros(forty)).pValue).toBeCloseTo(0.07472652908654709, 14);
  });

  it("equals SciPy's normal approximation with ties and zeros", () => {
    const p = (zero: "wilcox" | "pratt", alternative: "two-sided" | "greater" | "less") =>
      wilcoxon(tied, zeros(tied), { zeros: zero, alternative, method: "normal" }).pValue;
    expect(p("wilcox", "two-sided")).toBeCloseTo(0.1825661844682832, 13);
    expect(p("wilcox", "greater")).toBeCloseTo(0.0912830922341416, 13);
    expect(p("wilcox", "less")).toBeCloseTo(0.9244170786515495, 13);
    expect(p("pratt", "two-sided")).toBeCloseTo(0.1791284658644957, 13);
    expect(p("pratt", "greater")).toBeCloseTo(0.08956423293224786, 13);
    expect(p("pratt", "less")).toBeCloseTo(0.9225549861830443, 13);
    const sixty = Array.from({ length: 60 }, (_, i) => ((i * 37) % 101) - 40);
    expect(wilcoxon(sixty, zeros(sixty))).toMatchObject({ method: "normal", n: 59, zeros: 1, wMinus: 583 });
    expect(wilcoxon(sixty, zeros(sixty)).pValue).toBeCloseTo(0.022858234652659223, 13);
    expect(wilcoxon(sixty, zeros(sixty), { zeros: "pratt" }).pValue).toBeCloseTo(0.023814797880424766, 13);
  });

  it("is the share of sign patterns at least as extreme, with ties and zeros too", () => {
    const next = random(11);
    for (let trial = 0; trial < 60; trial++) {
      const d = Array.from({ length: 1 + (trial % 9) }, () => Math.floor(next() * 9) - 4);
      for (const zero of ["wilcox", "pratt"] as const) {
        const result = wilcoxon(d, zeros(d), { zeros: zero });
        const kept = d.filter((x) => x !== 0);
        const pool = zero === "pratt" ? d : kept;
        // A mean rank is one more than the smaller ones plus half the other equal ones.
        const rank = (x: number) =>
          0.5 +
          pool.filter((y) => Math.abs(y) < Math.abs(x)).length +
          0.5 * pool.filter((y) => Math.abs(y) === Math.abs(x)).length;
        const sums = Array.from({ length: 2 ** kept.length }, (_, bits) =>
          kept.reduce((s, x, i) => s + ((bits >> i) & 1 ? rank(x) : 0), 0),
        );
        const share = (test: (w: number) => boolean) => sums.filter(test).length / sums.length;
        const up = share((w) => w >= result.wPlus);
        const down = share((w) => w <= result.wPlus);
        expect(result.pValue).toBeCloseTo(kept.length === 0 ? 1 : Math.min(1, 2 * Math.min(up, down)), 14);
        expect(result.wPlus).toBe(kept.filter((x) => x > 0).reduce((s, x) => s + rank(x), 0));
        expect(result.zeros + result.n).toBe(d.length);
      }
    }
  });

  it("names direction and strength", () => {
    expect(wilcoxon([3, 4, 5], [1, 1, 1])).toMatchObject({ effect: 1, pValue: 0.25 });
    expect(wilcoxon([1, 1, 1], [3, 4, 5])).toMatchObject({ effect: -1, pValue: 0.25 });
    expect(wilcoxon([1, 1], [1, 1])).toMatchObject({ effect: 0, pValue: 1, n: 0, zeros: 2 });
  });
});

it("normalUpperTail equals SciPy's norm.sf", () => {
  const known = [
    [0, 0.5],
    [0.5, 0.3085375387259869],
    [1.96, 0.024997895148220435],
    [2.9, 0.0018658133003840375],
    [3, 0.0013498980316300933],
    [3.1, 0.0009676032132183563],
    [6, 9.865876450376946e-10],
    [10, 7.61985302416047e-24],
    [30, 4.906713927147908e-198],
  ] as const;
  for (const [z, p] of known) {
    expect(Math.abs(normalUpperTail(z) / p - 1)).toBeLessThan(1e-12);
    expect(normalUpperTail(-z)).toBeCloseTo(1 - p, 14);
  }
  expect(normalUpperTail(Number.NaN)).toBeNaN();
});

it("philox equals Random123's known answer and its definition in big integers", () => {
  const out = new Uint32Array(4);
  philox(0, 0, 0, out);
  expect([...out]).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  const next = random(7);
  for (let trial = 0; trial < 200; trial++) {
    const seed = Math.floor(next() * 2 ** 53);
    let x = [BigInt(Math.floor(next() * 2 ** 32)), BigInt(Math.floor(next() * 2 ** 32)), 0n, 0n] as bigint[];
    philox(seed, Number(x[0]), Number(x[1]), out);
    for (let round = 0n; round < 10n; round++) {
      const k0 = (BigInt(seed) + round * 0x9e3779b9n) & 0xffffffffn;
      const k1 = ((BigInt(seed) >> 32n) + round * 0xbb67ae85n) & 0xffffffffn;
      const [p0, p1] = [x[0]! * 0xd2511f53n, x[2]! * 0xcd9e8d57n];
      x = [(p1 >> 32n) ^ x[1]! ^ k0, p1 & 0xffffffffn, (p0 >> 32n) ^ x[3]! ^ k1, p0 & 0xffffffffn];
    }
    expect([...out]).toEqual(x.map(Number));
  }
});

describe("pairedBootstrap", () => {
  const next = random(3);
  const a = Array.from({ length: 40 }, () => 0.8 + 0.1 * next());
  const b = a.map((x) => x - 0.02 + 0.02 * (next() - 0.5));

  it("is repeatable, and another seed gives another interval of about the same width", () => {
    const first = pairedBootstrap(a, b, { seed: 5 });
    expect(pairedBootstrap(a, b, { seed: 5 })).toEqual(first);
    const other = pairedBootstrap(a, b, { seed: 2 ** 40 + 5 });
    expect(other.low).not.toBe(first.low);
    expect(other.high - other.low).toBeCloseTo(first.high - first.low, 3);
  });

  it("agrees with the standard error of the mean", () => {
    const { difference, low, high } = pairedBootstrap(a, b, { resamples: 20_000 });
    const d = a.map((x, i) => x - b[i]!);
    const mean = d.reduce((s, x) => s + x, 0) / 40;
    const error = Math.sqrt(d.reduce((s, x) => s + (x - mean) ** 2, 0) / 40 / 40);
    expect(difference).toBeCloseTo(mean, 14);
    expect((high - low) / (2 * 1.96 * error)).toBeCloseTo(1, 1);
    expect((high + low) / 2).toBeCloseTo(mean, 3);
    const narrow = pairedBootstrap(a, b, { confidence: 0.5 });
    expect((narrow.high - narrow.low) / (2 * 0.6745 * error)).toBeCloseTo(1, 1);
  });

  it("resamples whole pairs: a constant difference has no width", () => {
    const result = pairedBootstrap([1, 5, 9], [0, 4, 8]);
    expect(result).toMatchObject({ difference: 1, low: 1, high: 1, resamples: 10_000, confidence: 0.95, seed: 0 });
    expect(pairedBootstrap([3], [1])).toMatchObject({ low: 2, high: 2 });
  });

  it("draws every image equally often", () => {
    // One of four images differs: the mean difference is its share of the draws, on average a quarter.
    const { low, high } = pairedBootstrap([1, 0, 0, 0], [0, 0, 0, 0], { resamples: 50_000, confidence: 0.0001 });
    expect(low).toBe(0.25);
    expect(high).toBe(0.25);
    expect(pairedBootstrap([1, 0], [0, 0])).toMatchObject({ low: 0, high: 1 });
  });
});

it("holm equals R's p.adjust", () => {
  expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
  expect(holm([0.9, 0.8])).toEqual([1, 1]);
  expect(holm([0.02, Number.NaN, 0.03])).toEqual([0.04, Number.NaN, 0.04]);
  expect(holm([])).toEqual([]);
});

const pixel = (text: string) => ({ data: Uint8Array.from(text, Number), width: text.length, height: 1 });
const row = (pred: string, truth: string, emptyRule: "score" | "skip" = "score") =>
  evaluate(pixel(pred), pixel(truth), { emptyRule });

describe("aggregate", () => {
  it("averages over images and counts what a mean leaves out", () => {
    const rows = [
      row("1100", "1111"),
      row("0000", "0000"),
      row("1000", "0000"),
      row("0000", "0001"),
      row("2000", "1000"),
    ];
    const all = aggregate(rows);
    expect(all.images).toBe(5);
    expect(all.dsc).toBeCloseTo((2 / 3 + 1 + 0 + 0 + 1) / 5, 15);
    expect(all.hd).toBe((2 + 0) / 2);
    expect(all.leftOut.hd).toEqual({ nan: 1, inf: 2 });
    expect(all.leftOut.dsc).toEqual({ nan: 0, inf: 0 });
    const [p, r] = [(1 + 1 + 0 + 0 + 1) / 5, (0.5 + 1 + 0 + 0 + 1) / 5];
    expect(all.macroF1).toBeCloseTo((2 * p * r) / (p + r), 15);
    expect(all.macroF1).toBe(macroF1(rows));
    expect(all.macroF1).not.toBeCloseTo(all.f1, 3);
  });

  it("skips empty images by rule", () => {
    const all = aggregate([row("1100", "1111", "skip"), row("0000", "0000", "skip")]);
    expect(all.dsc).toBeCloseTo(2 / 3, 15);
    expect(all.macroF1).toBeCloseTo(2 / 3, 15);
    expect(all.leftOut.pq).toEqual({ nan: 1, inf: 0 });
    const none = aggregate([row("0000", "0000", "skip")]);
    expect([none.dsc, none.hd, none.macroF1, none.pooled.sq]).toEqual([Number.NaN, Number.NaN, Number.NaN, 1]);
  });

  it("pools as if the images were one", () => {
    const pairs = [
      ["1102200330", "1100222030"],
      ["0000000000", "0000000000"],
      ["4444000055", "4440000000"],
    ] as const;
    const { pooled } = aggregate(pairs.map(([p, t]) => row(p, t, "skip")));
    const join = (k: 0 | 1) => pixel(pairs.map((pair) => pair[k]).join(""));
    const whole = evaluate(join(0), join(1));
    for (const name of ["dsc", "iou", "precision", "recall", "dq", "sq", "pq"] as const)
      expect(pooled[name]).toBeCloseTo(whole[name], 14);
  });
});

describe("compareRuns", () => {
  const next = random(9);
  const run = (gain: number): Evaluation[] =>
    Array.from({ length: 14 }, () => {
      const base = row("1100", "1110");
      const score = 0.7 + gain + 0.05 * next();
      return { ...base, dsc: score, iou: score - 0.1, hd: 20 - 10 * score, aji: 0.5 };
    });
  const [a, b] = [run(0.1), run(0)];

  it("gives a row per metric", () => {
    const table = compareRuns(a, b);
    expect(table.map((r) => r.metric)).toEqual(["dsc", "iou", "f1", "hd", "aji", "dq", "sq", "pq"]);
    const [dsc, , , hd, aji] = table;
    expect(dsc).toMatchObject({ n: 14, leftOut: 0, effect: 1, better: "a", method: "exact", pValue: 2 / 2 ** 14 });
    expect(dsc!.pHolm).toBeCloseTo((8 * 2) / 2 ** 14, 14);
    expect(dsc!.difference).toBeCloseTo(dsc!.meanA - dsc!.meanB, 14);
    expect(dsc!.low).toBeGreaterThan(0.08);
    expect(dsc!.high).toBeLessThan(0.12);
    expect(hd).toMatchObject({ better: "a", effect: -1 });
    expect(aji).toMatchObject({ better: "equal", pValue: 1, pHolm: 1, difference: 0, low: 0, high: 0 });
    const back = compareRuns(b, a);
    expect(back[0]).toMatchObject({ better: "b", effect: -1, pValue: dsc!.pValue });
  });

  it("leaves out images without a finite value in both, and says how many", () => {
    const broken = a.map((r, i) => (i < 3 ? { ...r, hd: i === 0 ? Number.NaN : Number.POSITIVE_INFINITY } : r));
    const [hd] = compareRuns(broken, b, { metrics: ["hd"] });
    expect(hd).toMatchObject({ n: 11, leftOut: 3, better: "a" });
    const [none] = compareRuns(
      a.map((r) => ({ ...r, hd: Number.NaN })),
      b,
      { metrics: ["hd"] },
    );
    expect(none).toMatchObject({ n: 0, leftOut: 14, better: "equal" });
    expect([none!.pValue, none!.pHolm, none!.difference, none!.low]).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
  });
});
