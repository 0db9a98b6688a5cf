import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { describe, expect, test } from "vitest";
import { tensor } from "../../tensor/tensor";
import { convTranspose2d, convTranspose2dOp } from "./conv-transpose2d";

opSuite(convTranspose2dOp, [
  { name: "2x2", inputs: { x: { shape: [2, 5, 3, 4] }, weight: { shape: [5, 3, 2, 2] }, bias: { shape: [3] } } },
  { name: "2x2 to one channel", inputs: { x: { shape: [1, 8, 5, 3] }, weight: { shape: [8, 1, 2, 2] }, bias: null } },
  { name: "one pixel", inputs: { x: { shape: [3, 2, 1, 1] }, weight: { shape: [2, 4, 2, 2] }, bias: { shape: [4] } } },
  {
    name: "4x4 wider than a workgroup",
    inputs: { x: { shape: [1, 4, 3, 11] }, weight: { shape: [4, 2, 4, 4] }, bias: { shape: [2] } },
    attrs: { stride: 4 },
  },
  {
    name: "3x3 over stride 2: patches overlap",
    inputs: { x: { shape: [2, 3, 4, 3] }, weight: { shape: [3, 2, 3, 3] }, bias: { shape: [2] } },
  },
  {
    name: "2x2 over stride 3: gaps hold the bias",
    inputs: { x: { shape: [1, 2, 3, 2] }, weight: { shape: [2, 2, 2, 2] }, bias: { shape: [2] } },
    attrs: { stride: 3 },
  },
  {
    name: "1x1, stride 1",
    inputs: { x: { shape: [2, 3, 2, 5] }, weight: { shape: [3, 4, 1, 1] }, bias: { shape: [4] } },
    attrs: { stride: 1 },
  },
  {
    name: "frozen weight",
    inputs: { x: { shape: [1, 4, 3, 3] }, weight: { shape: [4, 2, 2, 2], grad: false }, bias: null },
  },
]);

describe("convTranspose2d", () => {
  test("wrong use says what to change", async () => {
    const device = await testDevice();
    const x = tensor(device, new Float32Array(8), [1, 2, 2, 2]);
    const weight = tensor(device, new Float32Array(12), [3, 1, 2, 2]);
    expect(() => convTranspose2d(x, weight)).toThrow(
      "[convTranspose2d] weight has a wrong shape. Got [3, 1, 2, 2]. Expected [Cin, Cout, kh, kw] with Cin = 2.",
    );
    expect(() => convTranspose2d(x, weight, null, { stride: 1.5 })).toThrow("stride is no legal number. Got 1.5.");
    for (const t of [x, weight]) t.dispose();
  });
});
