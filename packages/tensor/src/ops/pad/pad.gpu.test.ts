import { pad, scope, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { padOp } from "./pad";

const at = (shape: number[], ...pads: [number, number][]) => ({ inputs: { x: { shape } }, attrs: { pads } });
opSuite(padOp, [
  at([2, 4, 5, 3], [0, 0], [0, 2], [0, 1], [0, 0]),
  at([2, 3, 2, 4], [0, 0], [1, 2], [3, 0], [0, 0]),
  at([2, 3], [1, 1], [2, 3]),
  at([3, 8], [0, 0], [4, 8]),
  at([5], [0, 0]),
  at([], ...[]),
  at([0, 2], [1, 1], [0, 0]),
  at([1, 2, 1, 2, 1, 2], [1, 0], [0, 1], [1, 1], [0, 2], [2, 0], [1, 1]),
]);

test("pads that do not fit are refused", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const x = tensor(device, [1, 2], [1, 2]);
    expect(() => pad(x, [[1, 1]])).toThrow(
      "[pad] pads do not fit. Got pads [[1,1]] for x [1, 2]. Expected [before, after]",
    );
    expect(() => pad(x, [[0, 0], [-1, 0]])).toThrow("[pad] pads do not fit"); // biome-ignore format: one line
  });
});
