import { expand, scope, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { expandOp } from "./expand";

const at = (from: number[], shape: number[]) => ({ inputs: { x: { shape: from } }, attrs: { shape } });
opSuite(expandOp, [
  at([3, 1], [3, 5]),
  at([1, 4], [3, 4]),
  at([], [2, 3]),
  at([2, 1, 3, 1], [2, 4, 3, 2]),
  at([3], [2, 2, 3]),
  at([2, 3], [2, 3]),
  at([1], [300_001]),
  at([1, 3], [0, 3]),
]);

test("sizes that do not broadcast are refused", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const x = tensor(device, [1, 2], [1, 2]);
    expect(() => expand(x, [3, 3])).toThrow("[expand] x does not broadcast to the shape. Got x [1, 2], shape [3, 3].");
    expect(() => expand(x, [2])).toThrow("[expand] x does not broadcast");
  });
});
