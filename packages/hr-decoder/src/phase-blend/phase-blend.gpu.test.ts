import { opSuite } from "@ama-sam/testing/op-suite";
import { describe, expect, test } from "vitest";
import { HrDecoderError } from "../errors";
import { factorOf, phaseBlendOp } from "./phase-blend";

const shapes = [
  [1, 1, 3, 4],
  [2, 4, 3, 5],
  [1, 9, 4, 3],
  [2, 16, 3, 4],
  [1, 16, 1, 1],
  [1, 4, 1, 5],
  [1, 25, 2, 2],
];
for (const shuffle of [true, false]) {
  describe(shuffle ? "in place" : "as slices", () => {
    opSuite(
      phaseBlendOp,
      shapes.map((shape) => ({ inputs: { s: { shape } }, attrs: { shuffle } })),
    );
  });
}

test("the number of slices must be a square", () => {
  expect([1, 4, 9, 16, 25].map(factorOf)).toEqual([1, 2, 3, 4, 5]);
  for (const wrong of [0, 2, 15, -4]) expect(() => factorOf(wrong)).toThrow(HrDecoderError);
  expect(() => factorOf(15)).toThrow(/Got 15\. Expected r \* r/);
  expect(() => phaseBlendOp.shape({ s: [1, 15, 2, 2] }, { shuffle: true })).toThrow(HrDecoderError);
  expect(() => phaseBlendOp.shape({ s: [16, 2, 2] }, { shuffle: true })).toThrow(/wrong rank/);
});
