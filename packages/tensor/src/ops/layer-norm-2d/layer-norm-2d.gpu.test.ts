import { layerNorm2d, scope, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { type OpCase, opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { layerNorm2dOp } from "./layer-norm-2d";

const at = (shape: number[], scale = 1): OpCase<{ eps: number }> => ({
  attrs: { eps: 1e-6 },
  inputs: { x: { shape, scale }, weight: { shape: [shape[1]], offset: 0.3 }, bias: { shape: [shape[1]] } },
});
opSuite(layerNorm2dOp, [
  at([2, 5, 3, 7]),
  at([1, 16, 6, 8], 1e-3),
  at([1, 4, 1, 1]),
  at([3, 2, 2, 2]),
  { ...at([1, 4, 256, 256]), name: "four pixels a lane" },
  at([0, 3, 2, 2]),
]);

test("wrong shapes are refused by name", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const one = tensor(device, [1]);
    expect(() => layerNorm2d(tensor(device, [1, 2], [1, 2]), one, one, { eps: 1e-6 })).toThrow(
      "[layerNorm2d] x has a wrong shape. Got [1, 2]. Expected [B, C, H, W]",
    );
    expect(() => layerNorm2d(tensor(device, [1, 2], [1, 2, 1, 1]), one, one, { eps: 1e-6 })).toThrow(
      "[layerNorm2d] weight has a wrong shape. Got [1] for x [1, 2, 1, 1]. Expected [2].",
    );
  });
});
