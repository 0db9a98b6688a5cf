import { tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { DecoderError } from "../errors";
import { fourierEncoding, fourierEncodingOp } from "./fourier-encoding";

const grid = (n: number) =>
  Array.from({ length: n * n * 2 }, (_, i) => ((i % 2 ? i >> 1 : (i >> 1) % n) % n) / (n - 1));
opSuite(fourierEncodingOp, [
  { name: "corners and edges", inputs: { xy: { shape: [25, 2], values: grid(5) }, gaussian: { shape: [2, 128] } } },
  { inputs: { xy: { shape: [1, 2], values: [0.5, 0.5] }, gaussian: { shape: [2, 3] } } },
  {
    name: "exact quarter turns",
    inputs: {
      xy: { shape: [3, 2], values: [0, 1, 1, 0, 1, 1] },
      gaussian: { shape: [2, 4], values: [0.25, 0.5, 0.75, 1, 0, 0, 0, 0] },
    },
  },
  {
    name: "angles of hundreds of turns",
    inputs: { xy: { shape: [7, 2], scale: 0.5, offset: 0.5 }, gaussian: { shape: [2, 64], scale: 100 } },
    // The product of coordinate and frequency itself is rounded: 2 pi * 300 turns * 2^-24 is about 1e-4.
    tolerance: 4e-4,
  },
]);

test("other shapes are a DecoderError", async () => {
  const device = await testDevice();
  const [three, two] = [tensor(device, [1, 2, 3], [1, 3]), tensor(device, [1, 2], [2, 1])];
  expect(() => fourierEncoding(three, two)).toThrow(DecoderError);
  expect(() => fourierEncoding(three, two)).toThrow(/Expected \[N, 2\] and \[2, F\]/);
  three.dispose();
  two.dispose();
});
