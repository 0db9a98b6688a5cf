import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coordinateImage } from "../../test-support/trees";
import { applySymmetry, resizeImage, resizeLabels, type Symmetry } from "./resample";

const symmetries: Symmetry[] = [false, true].flatMap((mirror) =>
  ([0, 1, 2, 3] as const).map((quarterTurns) => ({ mirror, quarterTurns })),
);

describe("resizeImage and resizeLabels", () => {
  it("a window at its own size is a crop of both", () => {
    const image = coordinateImage(9, 7);
    const labels = Uint32Array.from({ length: 63 }, (_, i) => i);
    const window = { x: 2, y: 1, width: 4, height: 4 };
    const pixels = resizeImage(image, window, 4);
    const ids = resizeLabels(labels, 9, window, 4);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 4; x++) {
        expect([pixels[(y * 4 + x) * 3], pixels[(y * 4 + x) * 3 + 1]]).toEqual([x + 2, y + 1]);
        expect(ids[y * 4 + x]).toBe((y + 1) * 9 + x + 2);
      }
    }
  });

  it("labels lie under the pixels of the image at every scale: never more than half a source pixel away", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 70 }),
        (w, h, size) => {
          const window = { x: 0, y: 0, width: w, height: h };
          const pixels = resizeImage(coordinateImage(w, h), window, size);
          const ids = resizeLabels(
            Uint32Array.from({ length: w * h }, (_, i) => i),
            w,
            window,
            size,
          );
          let farthest = 0;
          for (let p = 0; p < size * size; p++) {
            const across = Math.abs((ids[p]! % w) - pixels[p * 3]!);
            const down = Math.abs(Math.floor(ids[p]! / w) - pixels[p * 3 + 1]!);
            farthest = Math.max(farthest, across, down);
          }
          expect(farthest).toBeLessThanOrEqual(0.5 + 1e-5);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("nearest invents no labels", () => {
    const ids = resizeLabels(Uint32Array.from([0, 9, 70_000, 0]), 2, { x: 0, y: 0, width: 2, height: 2 }, 5);
    expect(new Set(ids)).toEqual(new Set([0, 9, 70_000]));
  });
});

describe("applySymmetry", () => {
  it("turns counter-clockwise as numpy.rot90, after the mirror", () => {
    const square = Uint8Array.from([1, 2, 3, 4]);
    expect([...applySymmetry(square, 2, 1, { mirror: false, quarterTurns: 1 })]).toEqual([2, 4, 1, 3]);
    expect([...applySymmetry(square, 2, 1, { mirror: true, quarterTurns: 0 })]).toEqual([2, 1, 4, 3]);
    expect([...applySymmetry(square, 2, 1, { mirror: true, quarterTurns: 1 })]).toEqual([1, 3, 2, 4]);
  });

  it("gives eight different pictures, keeps every value, and four turns are none", () => {
    const square = Uint32Array.from({ length: 25 }, (_, i) => i);
    const seen = new Set(symmetries.map((symmetry) => applySymmetry(square, 5, 1, symmetry).join()));
    expect(seen.size).toBe(8);
    let turned = square;
    for (let i = 0; i < 4; i++) turned = applySymmetry(turned, 5, 1, { mirror: false, quarterTurns: 1 });
    expect(turned).toEqual(square);
  });

  it("moves interleaved channels together", () => {
    const rgb = Float32Array.from({ length: 48 }, (_, i) => Math.floor(i / 3));
    const plain = Float32Array.from({ length: 16 }, (_, i) => i);
    for (const symmetry of symmetries) {
      const moved = applySymmetry(rgb, 4, 3, symmetry);
      expect(moved.filter((_, i) => i % 3 === 2)).toEqual(applySymmetry(plain, 4, 1, symmetry));
    }
  });
});
