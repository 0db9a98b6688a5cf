import { scope, sum, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { meanOp, sumOp } from "./sum";

const x = { shape: [2, 3, 5, 4] };
for (const op of [sumOp, meanOp]) {
  opSuite(op, [
    { inputs: { x } },
    { inputs: { x }, attrs: { dims: [2, 3] } },
    { inputs: { x }, attrs: { dims: [1], keepdim: true } },
    { inputs: { x }, attrs: { dims: [-4, 2] } },
    { inputs: { x }, attrs: { dims: [3, 1], keepdim: true } },
    { inputs: { x }, attrs: { dims: [] } },
    { inputs: { x }, attrs: { keepdim: true } },
    { inputs: { x: { shape: [] } } },
    { inputs: { x: { shape: [1, 1] } }, attrs: { dims: [0] } },
    { inputs: { x: { shape: [3, 64] } }, attrs: { dims: [0] } },
    { inputs: { x: { shape: [2, 3, 2, 3, 2, 3] } }, attrs: { dims: [0, 2, 4] } },
    { inputs: { x: { shape: [4001] } }, attrs: { dims: [0] } },
    { name: "two stages", inputs: { x: { shape: [100_003], offset: 0.5 } } },
  ]);
}
opSuite(sumOp, [
  { name: "more outputs than workgroups", inputs: { x: { shape: [65_537, 2] } }, attrs: { dims: [1] } },
  { name: "empty", inputs: { x: { shape: [0, 3] } }, attrs: { dims: [0] } },
]);

test("dimensions out of range or named twice are refused", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const one = tensor(device, [1, 2], [1, 2]);
    expect(() => sum(one, { dims: [2] })).toThrow("[sum] an entry of dims is out of range. Got 2 for rank 2.");
    expect(() => sum(one, { dims: [1, -1] })).toThrow("[sum] dims names a dimension twice. Got dims [1, -1]");
  });
});
