import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floodComponents, masks } from "../test-support/brute-force";
import { binarize } from "./binarize";
import { components } from "./components";
import { fillHoles } from "./fill-holes";
import { removeSmallObjects } from "./remove-small-objects";

const FOUR_OR_EIGHT = fc.constantFrom(4 as const, 8 as const);

describe("fillHoles", () => {
  it("fills the background that a flood from outside does not reach, up to the area limit", () => {
    fc.assert(
      fc.property(
        masks(),
        FOUR_OR_EIGHT,
        fc.constantFrom(0, 1, 3, Infinity),
        ({ data, width, height }, connectivity, max) => {
          const holes = floodComponents(
            data.map((v) => 1 - v),
            width,
            height,
            connectivity,
          );
          const open = new Set<number>();
          const area = new Map<number, number>();
          holes.forEach((id, i) => {
            const [x, y] = [i % width, Math.floor(i / width)];
            if (x === 0 || y === 0 || x === width - 1 || y === height - 1) open.add(id);
            area.set(id, (area.get(id) ?? 0) + 1);
          });
          const want = holes.map((id) => (id === 0 || (!open.has(id) && area.get(id)! <= max) ? 1 : 0));
          expect([...fillHoles(data, { width, height, connectivity, maxHoleArea: max })]).toEqual(want);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("removeSmallObjects", () => {
  it("keeps exactly the components of at least minArea pixels", () => {
    fc.assert(
      fc.property(
        masks(),
        FOUR_OR_EIGHT,
        fc.integer({ min: 0, max: 12 }),
        ({ data, width, height }, connectivity, minArea) => {
          const labels = floodComponents(data, width, height, connectivity);
          const want = labels.map((id) => (id !== 0 && labels.filter((l) => l === id).length >= minArea ? 1 : 0));
          expect([...removeSmallObjects(data, { width, height, connectivity, minArea })]).toEqual(want);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("binarize and components", () => {
  it("takes the threshold itself as foreground, and every value of an integer mask but 0", () => {
    expect([...binarize(Float32Array.of(0.49, 0.5, 0.51, 0), { width: 4, height: 1 })]).toEqual([0, 1, 1, 0]);
    expect([...binarize(Float64Array.of(-3, 2), { width: 2, height: 1, threshold: -5 })]).toEqual([1, 1]);
    expect([...binarize(Uint8Array.of(0, 1, 255), { width: 3, height: 1 })]).toEqual([0, 1, 1]);
  });

  it("names the pixel that is NaN", () => {
    const map = new Float32Array(6).fill(1);
    map[4] = Number.NaN;
    expect(() => components(map, { width: 3, height: 2 })).toThrow("NaN at row 1, column 1");
  });

  it("drops small objects before it fills holes, as the protocol says", () => {
    // A ring of 9 pixels around one: with its hole it would have 10.
    const ring = [
      [1, 1, 1, 0],
      [1, 0, 1, 1],
      [1, 1, 1, 0],
    ];
    const o = { width: 4, height: 3 };
    expect(components(Uint8Array.from(ring.flat()), o).count).toBe(0);
    const kept = components(Uint8Array.from(ring.flat()), { ...o, minArea: 9 });
    expect([...kept.data]).toEqual([1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0]);
    expect(components(Uint8Array.from(ring.flat()), { ...o, minArea: 9, fillHoles: false }).data[5]).toBe(0);
  });

  it("handles images without pixels, of one row, all foreground and all background", () => {
    expect(components(new Float32Array(0), { width: 0, height: 0 })).toMatchObject({ count: 0 });
    expect(components(new Float32Array(0), { width: 0, height: 7 })).toMatchObject({ count: 0 });
    expect([...components(Float32Array.of(1, 1, 0, 1), { width: 4, height: 1, minArea: 2 }).data]).toEqual([
      1, 1, 0, 0,
    ]);
    expect(components(new Float32Array(400).fill(1), { width: 20, height: 20 }).count).toBe(1);
    expect(components(new Float32Array(400), { width: 20, height: 20 }).count).toBe(0);
  });
});
