import { scope, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { matmul, matmulOp } from "./matmul";

const sizes = [1, 3, 4, 5, 16, 17, 33];

opSuite(matmulOp, [
  ...sizes.map((m, i) => ({
    inputs: { a: { shape: [m, sizes[(i + 2) % 7]] }, b: { shape: [sizes[(i + 2) % 7], sizes[(i + 4) % 7]] } },
  })),
  ...[
    [false, true],
    [true, false],
    [true, true],
  ].map(([transposeA, transposeB]) => ({
    inputs: { a: { shape: transposeA ? [3, 7, 18] : [3, 18, 7] }, b: { shape: transposeB ? [3, 13, 7] : [3, 7, 13] } },
    attrs: { transposeA, transposeB },
  })),
  { name: "b shared", inputs: { a: { shape: [3, 6, 7] }, b: { shape: [7, 9] } } },
  {
    name: "b shared, transposed",
    inputs: { a: { shape: [2, 2, 6, 8] }, b: { shape: [12, 8] } },
    attrs: { transposeB: true },
  },
  { name: "long inner", inputs: { a: { shape: [5, 1030] }, b: { shape: [1030, 6] } } },
]);

test("more matrices than a launch copies at once", async () => {
  const device = await testDevice();
  const batch = 66_000; // 465 more than there are workgroups along an axis; rows of one element have to be copied
  const values = (f: number) => Float32Array.from({ length: batch }, (_, i) => (i % 97) * f);
  await scope(device, "test", async () => {
    const y = matmul(tensor(device, values(0.5), [batch, 1, 1]), tensor(device, values(2), [batch, 1, 1]));
    expect(await y.data()).toEqual(Float32Array.from({ length: batch }, (_, i) => (i % 97) ** 2));
  });
});
