import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floodComponents, masks } from "../test-support/brute-force";
import { syntheticNuclei } from "../test-support/synthetic-nuclei";
import { components } from "./components";
import { foreground } from "./foreground";
import { markerWatershed } from "./marker-watershed";
import { mergeSmallRegions } from "./merge-small-regions";
import { watershed } from "./watershed";

/** Two discs of radius 10 whose centres are `apart` pixels apart. */
function discs(apart: number): { mask: Uint8Array; width: number; height: number } {
  const [width, height] = [60, 30];
  const mask = new Uint8Array(width * height).map((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return (x - 15) ** 2 + (y - 15) ** 2 <= 100 || (x - 15 - apart) ** 2 + (y - 15) ** 2 <= 100 ? 1 : 0;
  });
  return { mask, width, height };
}

describe("watershed", () => {
  it("covers exactly the mask with connected labels 1..count", () => {
    fc.assert(
      fc.property(
        masks(20),
        fc.constantFrom(4 as const, 8 as const),
        fc.constantFrom(0, 0.5, 1, 2),
        fc.constantFrom(0, 4, 10),
        ({ data, width, height }, connectivity, h, minArea) => {
          const options = { width, height, connectivity, h, minArea };
          const got = watershed(data, options);
          expect(got.data.map((v) => (v > 0 ? 1 : 0))).toEqual(Uint32Array.from(foreground(data, options)));
          // One component per label, and raster order: the flood fill of equal labels numbers them alike.
          expect([...got.data]).toEqual(floodComponents(got.data, width, height, connectivity));
          expect(got.count).toBe(got.data.reduce((a, b) => Math.max(a, b), 0));
          for (let id = 1; id <= got.count; id++)
            expect(got.data.filter((v) => v === id).length).toBeGreaterThanOrEqual(minArea);
          expect(watershed(data, options)).toEqual(got);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("splits touching nuclei at the neck, where components sees one", () => {
    const { mask, width, height } = discs(17);
    expect(components(mask, { width, height }).count).toBe(1);
    const { data, count } = watershed(mask, { width, height });
    expect(count).toBe(2);
    // The cut is the column half-way between the centres, give or take the pixel that has to go to one of them.
    for (let i = 0; i < data.length; i++)
      if (data[i] !== 0 && i % width !== 23 && i % width !== 24) expect(data[i]).toBe(i % width < 23 ? 1 : 2);
  });

  it("leaves one nucleus whole when the neck is shallow", () => {
    const { mask, width, height } = discs(5);
    expect(watershed(mask, { width, height }).count).toBe(1);
  });

  it("handles images without pixels, of one row or column, all foreground and all background", () => {
    for (const [width, height] of [
      [0, 0],
      [0, 3],
      [3, 0],
    ] as const)
      expect(watershed(new Uint8Array(0), { width, height }).count).toBe(0);
    expect(watershed(new Uint8Array(50).fill(1), { width: 50, height: 1 }).count).toBe(1);
    expect(watershed(new Uint8Array(50).fill(1), { width: 1, height: 50 }).count).toBe(1);
    expect(watershed(new Float32Array(2500).fill(1), { width: 50, height: 50 })).toMatchObject({ count: 1 });
    expect(watershed(new Float32Array(2500), { width: 50, height: 50 })).toMatchObject({ count: 0 });
  });
});

describe("mergeSmallRegions", () => {
  it("gives a fragment to the neighbour with the longest border, until none is left", () => {
    const map = {
      data: Uint32Array.of(9, 9, 9, 4, 4, 9, 9, 2, 2, 4, 9, 9, 2, 7, 4, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0),
      width: 5,
      height: 5,
      count: 5,
    };
    const got = mergeSmallRegions(map, { minArea: 4 });
    expect([...got.data]).toEqual([1, 1, 1, 2, 2, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0]);
    expect(got.count).toBe(3);
  });
});

describe("markerWatershed", () => {
  it("keeps the markers' ids, leaves parts without marker, and refuses negative labels", () => {
    const relief = Float32Array.of(3, 2, 1, 2, 3, 0, 5);
    const options = { width: 7, height: 1, mask: [1, 1, 1, 1, 1, 0, 1] };
    const markers = { data: Uint32Array.of(40, 0, 0, 0, 7, 0, 0), width: 7, height: 1 };
    const got = markerWatershed(relief, markers, options);
    expect([...got.data]).toEqual([40, 40, 40, 7, 7, 0, 0]);
    expect(got.count).toBe(2);
    expect(() => markerWatershed(relief, { ...markers, data: new Int32Array(7).fill(-1) }, options)).toThrow(
      "negative",
    );
  });
});

describe("speed", () => {
  it("labels 1000 x 1000 pixels in under 50 ms (components) and 300 ms (watershed)", () => {
    const size = { width: 1000, height: 1000 };
    const map = syntheticNuclei(1000, 1000, 5);
    // Wall time, but the machine may be busy: the best of up to 30 runs counts.
    const best = (limit: number, run: () => unknown) => {
      let fastest = Number.POSITIVE_INFINITY;
      for (let k = 0; k < 30 && fastest >= limit; k++) {
        const start = performance.now();
        run();
        fastest = Math.min(fastest, performance.now() - start);
      }
      return fastest;
    };
    expect(best(50, () => components(map, size))).toBeLessThan(50);
    expect(best(300, () => watershed(map, size))).toBeLessThan(300);
  });
});
