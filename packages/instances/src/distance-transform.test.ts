import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { masks } from "../test-support/brute-force";
import { distanceTransform } from "./distance-transform";

describe("distanceTransform", () => {
  it("is the exact distance to the nearest background pixel", () => {
    fc.assert(
      fc.property(masks(18), ({ data, width, height }) => {
        const want = Float32Array.from(data, (v, i) => {
          let best = v === 0 ? 0 : Number.POSITIVE_INFINITY;
          if (v !== 0)
            for (let j = 0; j < data.length; j++)
              if (data[j] === 0)
                best = Math.min(
                  best,
                  ((i % width) - (j % width)) ** 2 + (Math.floor(i / width) - Math.floor(j / width)) ** 2,
                );
          return Math.sqrt(best);
        });
        expect([...distanceTransform(data, { width, height })]).toEqual([...want]);
      }),
      { numRuns: 500 },
    );
  });

  it("is exact with one background pixel far away", () => {
    const [width, height] = [300, 200];
    const mask = new Uint8Array(width * height).fill(1);
    mask[7 * width + 291] = 0;
    const depth = distanceTransform(mask, { width, height });
    for (let i = 0; i < depth.length; i++)
      if (depth[i] !== Math.fround(Math.hypot((i % width) - 291, Math.floor(i / width) - 7))) expect.fail(`pixel ${i}`);
  });
});
