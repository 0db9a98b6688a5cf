import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Sample } from "../datasets/dataset";
import { DataError } from "../errors";
import { type Augmentation, defaultAugmentation, noAugmentation, planAugmentation } from "./augmentation";
import { samPixelMean, samPixelStd } from "./normalize";
import { collate, makeTrainingSample } from "./training-sample";

/** A sample whose label at every pixel is its red value: wherever a pixel goes, its label must go too. */
function linkedSample(width: number, height: number): Sample {
  const data = new Uint8Array(width * height * 3);
  const labels = new Uint32Array(width * height);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      // Blocks of 8 x 8 pixels, so that most output pixels lie inside one block at any scale.
      const id = ((x >> 3) * 7 + (y >> 3) * 13) % 200;
      labels[p] = id;
      data.set([id, id, id], p * 3);
    }
  }
  const mask = Uint8Array.from(labels, (label) => (label ? 1 : 0));
  const image = { width, height, channels: 3, bitDepth: 8, data } as const;
  return { id: "linked", image, labels, mask, instanceKind: "instances", nuclei: 1, warnings: [] };
}

const geometryOnly: Augmentation = { ...noAugmentation, flip: true, rotate: true, scale: [1, 2] };
const red = (value: number) => value * samPixelStd[0] + samPixelMean[0];

describe("makeTrainingSample", () => {
  it("image, mask and labels always move together", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("resize" as const, "crop" as const),
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.nat({ max: 99 }),
        fc.nat({ max: 999 }),
        fc.integer({ min: 40, max: 90 }),
        fc.integer({ min: 40, max: 90 }),
        (fit, seed, epoch, index, width, height) => {
          const size = 64;
          const sample = linkedSample(width, height);
          const made = makeTrainingSample(sample, { size, augmentation: { ...geometryOnly, fit }, seed, epoch, index });
          let inside = 0;
          let agree = 0;
          for (let p = 0; p < size * size; p++) {
            if (made.mask[p] !== (made.labels[p] === 0 ? 0 : 1)) throw new Error(`mask differs from labels at ${p}`);
            const value = red(made.image[p]!);
            if (Math.abs(value - Math.round(value)) > 1e-3) continue;
            inside++;
            if (Math.round(value) === made.labels[p]) agree++;
          }
          // Between blocks the image is a mixture; a pixel with a whole value that is not its label is chance, and rare.
          expect(inside).toBeGreaterThan((size * size) / 2);
          expect(agree / inside).toBeGreaterThan(0.97);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is exact where nothing is interpolated: a crop at scale 1 in all eight symmetries", () => {
    const sample = linkedSample(80, 72);
    const augmentation: Augmentation = { ...geometryOnly, fit: "crop", scale: [1, 1] };
    const seen = new Set<string>();
    for (let index = 0; index < 64; index++) {
      const made = makeTrainingSample(sample, { size: 32, augmentation, index });
      seen.add(JSON.stringify(made.plan.symmetry));
      const painted = Uint32Array.from(made.image.subarray(0, 32 * 32), (value) => Math.round(red(value)));
      expect(painted).toEqual(made.labels);
    }
    expect(seen.size).toBe(8);
  });

  it("is a pure function of seed, epoch and index", () => {
    const sample = linkedSample(50, 60);
    const at = { size: 32, augmentation: defaultAugmentation, seed: 3, epoch: 4, index: 5 };
    const base = makeTrainingSample(sample, at);
    expect(makeTrainingSample(sample, at)).toEqual(base);
    for (const other of [{ seed: 4 }, { epoch: 5 }, { index: 6 }]) {
      expect(makeTrainingSample(sample, { ...at, ...other }).plan).not.toEqual(base.plan);
    }
  });

  it("turning one change off leaves the others as they were", () => {
    const at = { seed: 1, epoch: 2, index: 3 };
    const image = { width: 100, height: 80 };
    const all = planAugmentation(defaultAugmentation, image, 64, at);
    const fewer = planAugmentation({ ...defaultAugmentation, flip: false, color: noAugmentation.color }, image, 64, at);
    expect(fewer).toEqual({ ...all, symmetry: { ...all.symmetry, mirror: false }, color: null });
  });

  it("windows stay inside the image, and reach its edges", () => {
    const xs = new Set<number>();
    for (let index = 0; index < 400; index++) {
      const { window } = planAugmentation(
        { ...geometryOnly, fit: "crop", scale: [0.25, 4] },
        { width: 40, height: 30 },
        24,
        {
          seed: 0,
          epoch: 0,
          index,
        },
      );
      expect(window.x + window.width).toBeLessThanOrEqual(40);
      expect(window.y + window.height).toBeLessThanOrEqual(30);
      expect(window.width).toBe(window.height);
      if (window.width === 30) xs.add(window.x);
    }
    expect(Math.min(...xs)).toBe(0);
    expect(Math.max(...xs)).toBe(10);
  });

  it("refuses a sample without labels, a bad size and a bad scale", () => {
    const sample = linkedSample(8, 8);
    const fail = (run: () => unknown) => expect(run).toThrow(DataError);
    fail(() => makeTrainingSample({ ...sample, labels: null, mask: null }, { size: 8 }));
    fail(() => makeTrainingSample(sample, { size: 0 }));
    fail(() => makeTrainingSample(sample, { size: 8, augmentation: { ...noAugmentation, scale: [2, 1] } }));
  });

  it("collate stacks [B, 3, S, S] and [B, 1, S, S]", () => {
    const one = makeTrainingSample(linkedSample(16, 16), { size: 16 });
    const two = { ...one, image: one.image.map((value) => -value), mask: one.mask.map((value) => 1 - value) };
    const batch = collate([one, two]);
    expect([batch.images.length, batch.masks.length, batch.size]).toEqual([2 * 3 * 256, 2 * 256, 16]);
    expect(batch.images[768]).toBe(-batch.images[0]!);
    expect(batch.masks[256 + 9]).toBe(1 - batch.masks[9]!);
    expect(() => collate([one, makeTrainingSample(linkedSample(16, 16), { size: 8 })])).toThrow(DataError);
  });
});
