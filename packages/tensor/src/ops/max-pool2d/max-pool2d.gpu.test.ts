import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { describe, expect, test } from "vitest";
import { backward } from "../../autograd/tape";
import { tensor } from "../../tensor/tensor";
import { maxPool2d, maxPool2dOp } from "./max-pool2d";

opSuite(maxPool2dOp, [
  { inputs: { x: { shape: [2, 3, 6, 8] } }, attrs: { kernel: 2 } },
  { name: "odd sizes leave a border", inputs: { x: { shape: [1, 2, 7, 9] } }, attrs: { kernel: 2 } },
  { name: "one window", inputs: { x: { shape: [3, 1, 2, 2] } }, attrs: { kernel: 2 } },
  { name: "kernel 3", inputs: { x: { shape: [1, 2, 10, 8] } }, attrs: { kernel: 3 } },
  { name: "kernel 1", inputs: { x: { shape: [1, 1, 3, 5] } }, attrs: { kernel: 1 } },
  { name: "wider than a workgroup", inputs: { x: { shape: [1, 1, 21, 43] } }, attrs: { kernel: 2 } },
]);

describe("maxPool2d", () => {
  test("gives a tie's gradient to the first in raster order", async () => {
    const device = await testDevice();
    const x = tensor(device, [1, 1, 0, 2, 1, 1, 2, 2], [1, 1, 2, 4], { requiresGrad: true });
    const y = maxPool2d(x);
    expect([...(await y.data())]).toEqual([1, 2]);
    const gradient = tensor(device, [3, 5], y.shape);
    backward(y, { gradient });
    expect([...(await (x.grad as NonNullable<typeof x.grad>).data())]).toEqual([3, 0, 0, 5, 0, 0, 0, 0]);
    for (const t of [x.grad, x, y, gradient]) t?.dispose();
  });

  test("works beyond 65,535 planes", async () => {
    const device = await testDevice();
    const values = Float32Array.from({ length: 70_000 * 4 }, (_, i) => i);
    const x = tensor(device, values, [1, 70_000, 2, 2]);
    const y = maxPool2d(x);
    const got = await y.data();
    expect(got.every((v, i) => v === i * 4 + 3)).toBe(true);
    for (const t of [x, y]) t.dispose();
  });

  test("wrong use says what to change", async () => {
    const device = await testDevice();
    const x = tensor(device, new Float32Array(9), [1, 1, 3, 3]);
    expect(() => maxPool2d(x, 4)).toThrow(
      "[maxPool2d] kernel does not fit. Got kernel 4, x [1, 1, 3, 3]. Expected a whole number from 1 to 3.",
    );
    expect(() => maxPool2d(x, 0)).toThrow("Got kernel 0");
    x.dispose();
  });
});
