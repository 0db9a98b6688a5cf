import { scope, slice, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { sliceOp } from "./slice";

const at = (shape: number[], dim: number, start: number, end: number) => ({
  inputs: { x: { shape } },
  attrs: { dim, start, end },
});
opSuite(sliceOp, [
  at([2, 7, 4], 1, 2, 5),
  at([2, 3, 5, 2], 2, 0, 1),
  at([5, 3], 0, 1, 4),
  at([2, 3], -1, 0, 3),
  at([9], 0, 8, 9),
  at([4, 2], 0, 2, 2),
]);

test("ranges outside x are refused", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const x = tensor(device, [1, 2], [1, 2]);
    expect(() => slice(x, 1, 0, 3)).toThrow(
      "[slice] the range is not inside x. Got start 0, end 3 for dimension 1 of x [1, 2]. Expected 0 <= start <= end <= 2.",
    );
    expect(() => slice(x, 1, -1, 1)).toThrow("[slice] the range is not inside x");
    expect(() => slice(x, 3, 0, 1)).toThrow("[slice] dim is out of range");
  });
});
