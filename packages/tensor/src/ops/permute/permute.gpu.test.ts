import { permute, scope, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { permuteOp } from "./permute";

const at = (shape: number[], dims: number[], name = "") => ({ name, inputs: { x: { shape } }, attrs: { dims } });
opSuite(permuteOp, [
  at([2, 3, 4, 5], [0, 2, 3, 1]),
  at([2, 4, 5, 3], [0, 3, 1, 2]),
  at([2, 8, 6, 6], [0, 2, 3, 1], "tiles of whole vec4"),
  at([36, 40], [1, 0], "tiles of whole vec4"),
  at([37, 41], [1, 0], "odd tiles"),
  at([3, 33, 5], [0, 2, 1], "odd tiles"),
  at([3, 2, 4], [1, 0, 2], "leading swap in vec4"),
  at([3, 2, 5], [1, 0, 2], "leading swap"),
  at([2, 3, 4, 2, 3], [2, 0, 3, 1, 4]),
  at([2, 3, 2, 4, 2, 3], [0, 1, 3, 2, 4, 5]),
  at([2, 3, 2, 3, 2, 3], [5, 3, 1, 4, 2, 0]),
  at([2, 3, 4], [-1, 0, -2]),
  at([2, 3], [0, 1], "identity"),
  at([1, 1, 3], [2, 1, 0]),
  at([4], [0]),
  at([], []),
  at([0, 3], [1, 0]),
  at([70_001, 4, 1, 3], [0, 3, 2, 1], "more tiles than workgroups in one dimension"),
]);
opSuite(permuteOp, [
  { inputs: { x: { shape: [2, 3], values: [1, -2, 3, 4, 5, 6], dtype: "i32" } }, attrs: { dims: [1, 0] } },
]);

test("an order that is none is refused", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const x = tensor(device, [1, 2], [1, 2]);
    expect(() => permute(x, [0, 0])).toThrow(
      "[permute] dims is not an order of x's dimensions. Got dims [0, 0] for x [1, 2]. Expected each of 0 to 1 once.",
    );
    expect(() => permute(x, [0])).toThrow("[permute] dims is not an order");
    expect(() => permute(x, [0, 2])).toThrow("[permute] an entry of dims is out of range");
  });
});
