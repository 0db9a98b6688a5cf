import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { around, floodComponents } from "../test-support/brute-force";
import { hMaxima } from "./h-maxima";
import { sortDescending } from "./sort-descending";

const reliefs = fc
  .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) })
  .chain(({ width, height }) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      relief: fc
        .array(fc.integer({ min: -3, max: 6 }), { minLength: width * height, maxLength: width * height })
        .map((values) => Float32Array.from(values, (v) => v / 2)),
    }),
  );

/** The first pixels of the maxima that stand out, by flooding at every level. */
function bruteForce(relief: Float32Array, width: number, height: number, connectivity: 4 | 8, h: number): number[] {
  const plateaus = floodComponents(
    relief.map((v) => v + 10),
    width,
    height,
    connectivity,
  );
  const firsts = new Map<number, number>();
  for (const [i, id] of plateaus.entries()) if (!firsts.has(id)) firsts.set(id, i);
  return [...firsts.values()].filter((peak) => {
    const top = relief[peak]!;
    const plateau = plateaus.flatMap((id, i) => (id === plateaus[peak] ? [i] : []));
    if (plateau.some((i) => around(i, width, height, connectivity).some((j) => relief[j]! > top))) return false;
    // The highest level at which the flood from the peak meets a better maximum.
    for (const level of [...new Set(relief)].sort((a, b) => b - a)) {
      const pools = floodComponents(
        relief.map((v) => (v >= level ? 1 : 0)),
        width,
        height,
        connectivity,
      );
      const better = (i: number) => relief[i]! > top || (relief[i] === top && i < peak);
      if (level <= top && pools.some((id, i) => id !== 0 && id === pools[peak] && better(i))) return top - level >= h;
    }
    return true;
  });
}

describe("hMaxima", () => {
  it("keeps the maxima whose dynamics reach h", () => {
    fc.assert(
      fc.property(
        reliefs,
        fc.constantFrom(4 as const, 8 as const),
        fc.constantFrom(0, 0.5, 1, 1.5, 3),
        ({ relief, width, height }, connectivity, h) => {
          const { data, count } = hMaxima(relief, { width, height, connectivity, h });
          const peaks = bruteForce(relief, width, height, connectivity, h);
          expect(count).toBe(peaks.length);
          expect(peaks.map((_, k) => data.indexOf(k + 1))).toEqual(peaks);
          for (let i = 0; i < data.length; i++) if (data[i] !== 0) expect(relief[i]).toBe(relief[peaks[data[i]! - 1]!]);
        },
      ),
      { numRuns: 400 },
    );
  });

  it("gives one marker for two equal summits with a shallow saddle, two for a deep one", () => {
    const row = (...v: number[]) => hMaxima(Float32Array.from(v), { width: v.length, height: 1, h: 1 });
    expect(row(1, 5, 4.5, 5, 1).count).toBe(1);
    expect(row(1, 5, 4, 5, 1).count).toBe(2);
  });

  it("knows only the mask, and takes a plateau of infinite depth as one", () => {
    const relief = Float32Array.of(9, 1, 0, 1);
    expect(hMaxima(relief, { width: 4, height: 1, mask: [0, 1, 0, 1] })).toMatchObject({ count: 2 });
    expect(hMaxima(new Float32Array(6).fill(Infinity), { width: 3, height: 2 })).toMatchObject({ count: 1 });
    expect(() => hMaxima(Float32Array.of(NaN), { width: 1, height: 1 })).toThrow("NaN at index 0");
  });
});

it("sortDescending orders any floats, equal ones by index", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(-0, 0, 1, -1, 0.5, 1e30, -1e-30, Infinity, -Infinity, 3.25)), (list) => {
      const values = Float32Array.from(list);
      const want = list.map((_, i) => i).sort((a, b) => (values[a] === values[b] ? a - b : values[b]! - values[a]!));
      expect([...sortDescending(values)]).toEqual(want);
    }),
  );
});
