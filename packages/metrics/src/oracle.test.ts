import { describe, expect, it } from "vitest";
import { bruteForce } from "../test-support/brute-force";
import { nuclei, random, renamed, transposed } from "../test-support/random-maps";
import { connectedComponents, type Evaluation, evaluate, type LabelMap, overlap, panopticQuality } from "./index";

/** A pair of small maps: blobs, pixel noise, stripes, shifted copies; sometimes empty, full, with gaps or huge ids. */
function randomPair(seed: number): { pred: LabelMap; truth: LabelMap } {
  const next = random(seed);
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const width = int(1, 20);
  const height = int(1, 20);
  const draw = (): LabelMap => {
    const kind = int(0, 11);
    const count = int(1, 7);
    if (kind === 0) return { data: new Uint8Array(width * height), width, height };
    if (kind === 1) return { data: new Uint16Array(width * height).fill(count), width, height };
    if (kind < 5) {
      const density = next();
      const noise = () => (next() < density ? int(1, count) : 0);
      return { data: Uint32Array.from({ length: width * height }, noise), width, height };
    }
    return nuclei(next, width, height, count, [1, 5]);
  };
  const truth = draw();
  const copy = next();
  const shift = int(-1, 1) + width * int(-1, 1);
  const data = Int32Array.from(truth.data, (_, i) => (next() < 0.05 ? 0 : (truth.data[i + shift] ?? 0)));
  const pred = copy < 0.65 ? { data, width, height } : draw();
  const gaps = [1, 7, 100_003, 2 ** 31, 2 ** 49][int(0, 4)]!;
  return { pred: renamed(pred, (id) => id * gaps), truth: renamed(truth, (id) => (8 - id) * gaps + 5) };
}

/** Other ids in the same order, with uneven gaps. */
function spread(map: LabelMap): LabelMap {
  const ids = [...new Set(map.data)].sort((a, b) => a - b);
  return renamed(map, (id) => ids.indexOf(id) ** 9 + 3);
}

function close(got: number, expected: number): boolean {
  return Object.is(got, expected) || Math.abs(got - expected) <= 1e-12 * Math.max(1, Math.abs(expected));
}

describe("1,000 random pairs", () => {
  const pairs = Array.from({ length: 1000 }, (_, seed) => ({ seed, ...randomPair(seed) }));
  const rows = pairs.map(({ pred, truth }) => evaluate(pred, truth));

  it("equal the brute-force oracle", () => {
    const wrong: unknown[] = [];
    pairs.forEach(({ seed, pred, truth }, i) => {
      const { ajiPlus, ...expected } = bruteForce(pred, truth);
      const row = rows[i]!;
      for (const [name, value] of Object.entries(expected))
        if (!close(row[name as keyof Evaluation], value)) wrong.push({ seed, name, got: row[name as never], value });
      if (!ajiPlus.some((value) => close(row.ajiPlus, value))) wrong.push({ seed, got: row.ajiPlus, ajiPlus });
    });
    expect(wrong).toEqual([]);
  });

  it("cover the special cases", () => {
    const some = (test: (row: Evaluation) => boolean) => rows.filter(test).length;
    expect(some((r) => Number.isNaN(r.hd))).toBeGreaterThan(5);
    expect(some((r) => r.hd === Number.POSITIVE_INFINITY)).toBeGreaterThan(20);
    expect(some((r) => r.tp > 1 && r.fp > 0)).toBeGreaterThan(50);
    expect(some((r) => r.aji !== r.ajiPlus)).toBeGreaterThan(100);
    expect(some((r) => r.hd > r.hd95 && Number.isFinite(r.hd))).toBeGreaterThan(100);
  });

  it("do not depend on orientation or on order-preserving ids", () => {
    pairs.forEach(({ pred, truth }, i) => {
      const turned = evaluate(transposed(pred), transposed(truth));
      const gapped = evaluate(spread(pred), spread(truth));
      for (const name of Object.keys(turned) as (keyof Evaluation)[]) {
        const value = rows[i]![name];
        expect(close(turned[name], value), `${name}, transposed, seed ${i}: ${turned[name]}, not ${value}`).toBe(true);
        expect(close(gapped[name], value), `${name}, other ids, seed ${i}: ${gapped[name]}, not ${value}`).toBe(true);
      }
    });
  });

  it("swap precision with recall, and nothing else, when the maps swap", () => {
    pairs.forEach(({ pred, truth }, i) => {
      const row = rows[i]!;
      const swapped = evaluate(truth, pred);
      for (const name of ["dsc", "iou", "f1", "hd", "hd95", "dq", "sq", "pq", "tp"] as const)
        expect(close(swapped[name], row[name])).toBe(true);
      expect([swapped.precision, swapped.recall, swapped.fp, swapped.fn]).toEqual([
        row.recall,
        row.precision,
        row.fn,
        row.fp,
      ]);
    });
  });
});

describe("ids", () => {
  const next = random(5);
  const truth = nuclei(next, 90, 70, 40, [3, 7]);
  const pred = nuclei(next, 90, 70, 40, [3, 7]);
  const row = evaluate(pred, truth);

  it("may be permuted", () => {
    const order = Array.from({ length: 41 }, (_, id) => ((id * 17) % 41) + 1);
    const mixed = evaluate(
      renamed(pred, (id) => order[id]!),
      renamed(truth, (id) => order[40 - id]!),
    );
    for (const name of Object.keys(row) as (keyof Evaluation)[]) expect(close(mixed[name], row[name])).toBe(true);
  });

  it("give the same numbers in every array type and when huge", () => {
    for (const Type of [Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array, Int8Array, Int16Array, Float32Array])
      expect(evaluate({ ...pred, data: Type.from(pred.data) }, { ...truth, data: Type.from(truth.data) })).toEqual(row);
    const huge = renamed(pred, (id) => Number.MAX_SAFE_INTEGER - 40 + id);
    expect(evaluate(huge, truth)).toEqual(row);
    expect([...overlap(huge, truth).pred.ids]).toContain(Number.MAX_SAFE_INTEGER);
    const uint32 = { ...pred, data: Uint32Array.from(pred.data, (id) => (id === 0 ? 0 : 2 ** 32 - 1 - 40 + id)) };
    expect(evaluate(uint32, truth)).toEqual(row);
  });

  it("may belong to pixels that do not touch", () => {
    const apart = { data: Int32Array.from([4, 0, 0, 4, 0, 9, 0, 9]), width: 8, height: 1 };
    const same = { data: Int32Array.from([2, 0, 0, 2, 0, 1, 0, 1]), width: 8, height: 1 };
    expect(evaluate(apart, same)).toMatchObject({ aji: 1, ajiPlus: 1, dq: 1, tp: 2, fp: 0, fn: 0 });
    expect(panopticQuality(connectedComponents(apart, 8), same)).toMatchObject({ tp: 0, fp: 4, fn: 2 });
  });

  it("do not decide how much memory is used", () => {
    const one = { data: Uint32Array.from([0, 2 ** 32 - 1]), width: 2, height: 1 };
    const before = process.memoryUsage().arrayBuffers;
    expect(evaluate(one, one).pq).toBeCloseTo(1, 5);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });
});

describe("overlap", () => {
  it("lists pairs by truth with ascending predictions", () => {
    const truth = { data: Uint8Array.from([5, 5, 5, 5, 0, 9, 9, 9]), width: 4, height: 2 };
    const pred = { data: Uint8Array.from([7, 3, 7, 0, 3, 3, 0, 1]), width: 4, height: 2 };
    const table = overlap(pred, truth);
    expect([...table.truth.ids]).toEqual([5, 9]);
    expect([...table.truth.areas]).toEqual([4, 3]);
    expect([...table.pred.ids]).toEqual([1, 3, 7]);
    expect([...table.pred.areas]).toEqual([1, 3, 2]);
    expect([...table.pairStart]).toEqual([0, 2, 4]);
    expect([...table.pairPred]).toEqual([1, 2, 0, 1]);
    expect([...table.pairPixels]).toEqual([1, 2, 1, 1]);
    expect([table.predPixels, table.truthPixels, table.bothPixels]).toEqual([6, 7, 5]);
    expect(evaluate(table)).toEqual(evaluate(pred, truth));
  });
});
