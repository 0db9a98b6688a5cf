import { Build, stateShapes } from "@ama-sam/nn";
import { backward, mean, scope, square, tensor } from "@ama-sam/tensor";
import { expectNoLeak, Random, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { SpgenError } from "./errors";
import { maskPrompt, SPGen } from "./spgen";

test("names and shapes at SAM's 256 channels", () => {
  const shapes = Object.fromEntries(stateShapes((b) => new SPGen(b, 256)));
  expect(shapes).toEqual({
    "up2.weight": [256, 64, 2, 2],
    "up2.bias": [64],
    "up4.0.weight": [256, 64, 2, 2],
    "up4.0.bias": [64],
    "up4.1.weight": [64],
    "up4.1.bias": [64],
    "up4.3.weight": [64, 16, 2, 2],
    "up4.3.bias": [16],
    "head_half.weight": [1, 256, 1, 1],
    "head_half.bias": [1],
    "head_1.weight": [1, 256, 1, 1],
    "head_1.bias": [1],
    "head_2.weight": [1, 64, 1, 1],
    "head_2.bias": [1],
    "head_4.weight": [1, 16, 1, 1],
    "head_4.bias": [1],
  });
});

test("draws at four times the grid, also where it is not square, and every branch learns", async () => {
  const device = await testDevice();
  const spgen = new SPGen(new Build(device, { seed: 1 }), 32);
  await expectNoLeak(device, async () => {
    const x = tensor(device, new Random(2).normals(2 * 32 * 4 * 6), [2, 32, 4, 6], { requiresGrad: true });
    const coarse = spgen.forward(x);
    expect(coarse.shape).toEqual([2, 1, 16, 24]);
    backward(mean(square(coarse)));
    for (const [name, p] of [...spgen.namedParameters(), ["x", x] as const]) {
      expect(
        (await p.grad?.data())?.some((v) => v !== 0),
        `${name} has a gradient`,
      ).toBe(true);
      p.grad?.dispose();
      p.grad = null;
    }
  });
  spgen.dispose();
});

test("the prompt is 1 from the probability on, 0 below, without gradient", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const at = Math.log(0.95 / 0.05);
    const logits = [at - 1e-3, at + 1e-3, -50, 50, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2.9];
    const z = tensor(device, logits, [1, 1, 2, 4], { requiresGrad: true });
    const prompt = maskPrompt(z);
    expect([...(await prompt.data())]).toEqual([0, 1, 0, 1, 0, 1, 0, 0]);
    expect(prompt.requiresGrad).toBe(false);
    expect([...(await maskPrompt(z, 0.5).data())]).toEqual([1, 1, 0, 1, 1, 1, 0, 1]);
    for (const wrong of [0, 1, -1, Number.NaN]) expect(() => maskPrompt(z, wrong)).toThrow(SpgenError);
  });
});

test("another channel count, an odd or empty grid and another rank are an SpgenError", async () => {
  const device = await testDevice();
  const spgen = new SPGen(new Build(device), 32);
  scope(device, "test", () => {
    for (const shape of [
      [1, 16, 4, 4],
      [1, 32, 5, 4],
      [1, 32, 4, 7],
      [1, 32, 16],
      [0, 32, 4, 4],
      [1, 32, 0, 4],
    ]) {
      const x = tensor(device, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
      expect(() => spgen.forward(x), shape.join("x")).toThrow(SpgenError);
    }
  });
  spgen.dispose();
});
