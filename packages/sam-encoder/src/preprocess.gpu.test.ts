import { scope } from "@ama-sam/tensor";
import { expectNoLeak, Random, testDevice, worstError } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { EncoderError } from "./errors";
import { fittedSize, PIXEL_MEAN, PIXEL_STD, postprocess, preprocess, type RgbImage } from "./preprocess";

function image(width: number, height: number, seed: number): RgbImage {
  const random = new Random(seed);
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 255)) };
}

/** Bilinear, align_corners false, in float64; normalised; padded bottom and right with zeros. */
function reference({ width, height, data }: RgbImage, [h, w]: [number, number], size: number): Float64Array {
  const out = new Float64Array(3 * size * size);
  const tap = (i: number, from: number, to: number) => {
    const at = Math.max(((i + 0.5) * from) / to - 0.5, 0);
    const low = Math.min(Math.floor(at), from - 1);
    return { low, high: Math.min(low + 1, from - 1), f: at - low };
  };
  for (let y = 0; y < h; y++) {
    const v = tap(y, height, h);
    for (let x = 0; x < w; x++) {
      const u = tap(x, width, w);
      for (let c = 0; c < 3; c++) {
        const at = (yy: number, xx: number) => data[(yy * width + xx) * 3 + c];
        const top = at(v.low, u.low) * (1 - u.f) + at(v.low, u.high) * u.f;
        const bottom = at(v.high, u.low) * (1 - u.f) + at(v.high, u.high) * u.f;
        out[(c * size + y) * size + x] = (top * (1 - v.f) + bottom * v.f - PIXEL_MEAN[c]) / PIXEL_STD[c];
      }
    }
  }
  return out;
}

test.each([
  [31, 47],
  [47, 31],
  [64, 20],
  [200, 130],
  [64, 64],
  [1, 9],
])("%i x %i equals float64 in both modes", async (width, height) => {
  const device = await testDevice();
  const input = image(width, height, width);
  await expectNoLeak(device, async () => {
    const longest = preprocess(device, [input], { size: 64, mode: "longest" });
    expect(longest.shape).toEqual([1, 3, 64, 64]);
    const [h, w] = fittedSize(height, width, 64);
    expect(Math.max(h, w)).toBe(64);
    expect(worstError(await longest.data(), reference(input, [h, w], 64))).toBeLessThan(2e-6);
    const square = preprocess(device, [input], { size: 64 });
    expect(worstError(await square.data(), reference(input, [64, 64], 64))).toBeLessThan(2e-6);
  });
});

test("images of one batch may differ in size and do not see each other", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const images = [image(20, 30, 1), image(64, 64, 2), image(90, 10, 3)];
    const together = await preprocess(device, images, { size: 32, mode: "longest" }).data();
    for (const [i, one] of images.entries()) {
      const alone = await preprocess(device, [one], { size: 32, mode: "longest" }).data();
      expect(together.slice(i * alone.length, (i + 1) * alone.length)).toEqual(alone);
    }
  });
});

test("SAM's rounding of the fitted size", () => {
  expect(fittedSize(600, 1800, 1024)).toEqual([341, 1024]);
  expect(fittedSize(1000, 1000, 1024)).toEqual([1024, 1024]);
  expect(fittedSize(1, 4000, 1024)).toEqual([1, 1024]);
});

test("postprocess brings logits to the image's own size", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const x = preprocess(device, [image(8, 8, 4)], { size: 16 });
    expect(postprocess(x, 30, 21).shape).toEqual([1, 3, 30, 21]);
  });
});

test.each([
  ["an empty batch", [], /batch is empty/],
  ["four channels", [{ width: 2, height: 2, data: new Uint8Array(16) }], /Got 16 values for 2 x 2. Expected 12/],
  ["grey values", [{ width: 2, height: 2, data: new Uint8Array(4) }], /Expected 12/],
  ["no pixels", [{ width: 0, height: 4, data: new Uint8Array(0) }], /not an RGB image/],
] as [string, RgbImage[], RegExp][])("%s is an EncoderError", async (_, images, message) => {
  const device = await testDevice();
  expect(() => preprocess(device, images, { size: 16 })).toThrow(EncoderError);
  expect(() => preprocess(device, images, { size: 16 })).toThrow(message);
});

test("a size that is none is an EncoderError", async () => {
  const device = await testDevice();
  for (const size of [0, -4, 1.5, Number.NaN])
    expect(() => preprocess(device, [image(4, 4, 1)], { size })).toThrow(EncoderError);
});
