import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { describe, expect, test } from "vitest";
import { tensor } from "../../tensor/tensor";
import { pixelShuffle, pixelShuffleOp, pixelUnshuffle, pixelUnshuffleOp } from "./pixel-shuffle";

opSuite(pixelShuffleOp, [
  { inputs: { x: { shape: [2, 12, 3, 5] } }, attrs: { r: 2 } },
  { name: "SAM's slices", inputs: { x: { shape: [1, 16, 5, 11] } }, attrs: { r: 4 } },
  { name: "factor 3, one pixel", inputs: { x: { shape: [2, 18, 1, 1] } }, attrs: { r: 3 } },
  { name: "factor 1", inputs: { x: { shape: [1, 2, 3, 4] } }, attrs: { r: 1 } },
]);
opSuite(pixelUnshuffleOp, [
  { inputs: { x: { shape: [2, 3, 6, 10] } }, attrs: { r: 2 } },
  { name: "SAM's slices", inputs: { x: { shape: [1, 1, 20, 44] } }, attrs: { r: 4 } },
  { name: "factor 3, one block", inputs: { x: { shape: [2, 2, 3, 3] } }, attrs: { r: 3 } },
]);

describe("pixelShuffle", () => {
  test("is undone by pixelUnshuffle, bit for bit", async () => {
    const device = await testDevice();
    const values = Float32Array.from({ length: 2 * 32 * 7 * 9 }, (_, i) => Math.sin(i));
    const x = tensor(device, values, [2, 32, 7, 9]);
    const wide = pixelShuffle(x, 4);
    const back = pixelUnshuffle(wide, 4);
    expect(wide.shape).toEqual([2, 2, 28, 36]);
    expect(await back.data()).toEqual(values);
    for (const t of [x, wide, back]) t.dispose();
  });

  test("wrong use says what to change", async () => {
    const device = await testDevice();
    const x = tensor(device, new Float32Array(6 * 6), [1, 6, 2, 3]);
    expect(() => pixelShuffle(x, 2)).toThrow(
      "[pixelShuffle] r does not fit. Got r 2, x [1, 6, 2, 3]. Expected a whole number r >= 1 whose square divides C.",
    );
    expect(() => pixelUnshuffle(x, 2)).toThrow("[pixelUnshuffle] r does not fit. Got r 2, x [1, 6, 2, 3].");
    expect(() => pixelUnshuffle(x, 0)).toThrow("Got r 0");
    x.dispose();
  });
});
