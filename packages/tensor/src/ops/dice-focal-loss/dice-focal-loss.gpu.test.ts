import { backward, diceFocalLoss, diceFocalLossWithLogits, scope, tensor } from "@ama-sam/tensor";
import { Random, testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { diceFocalLossOp, diceFocalLossWithLogitsOp } from "./dice-focal-loss";

const labels = (count: number, share: number) => {
  const random = new Random(count);
  return { values: Array.from({ length: count }, () => (random.next() < share ? 1 : 0)), grad: false };
};
const probabilities = (count: number) => {
  const random = new Random(count + 1);
  return Array.from({ length: count }, () => 0.02 + 0.96 * random.next());
};
for (const [shape, share] of [
  [[1], 1],
  [[2, 1, 5, 7], 0.3],
  [[1, 1, 8, 8], 0],
  [[3, 1, 5, 5], 1],
  [[70_001], 0.2],
] as [number[], number][]) {
  const count = shape.reduce((a, b) => a * b, 1);
  for (const attrs of [{}, { weight: 0.3, smooth: 5 }]) {
    const target = { shape, ...labels(count, share) };
    opSuite(diceFocalLossOp, [{ attrs, inputs: { p: { shape, values: probabilities(count) }, target } }]);
    opSuite(diceFocalLossWithLogitsOp, [{ attrs, inputs: { z: { shape, scale: 3 }, target } }]);
  }
}

test("saturated logits stay finite and keep their gradient", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const z = tensor(device, [-500, 500, -90, 90], [4], { requiresGrad: true });
    const y = diceFocalLossWithLogits(z, tensor(device, [1, 0, 0, 1]));
    // cross entropy 250 a pixel; Dice 1 - (2 + 1) / (2 + 2 + 1)
    expect(await y.item()).toBeCloseTo(0.8 * 0.4 + 0.2 * 0.8 * 250, 3);
    backward(y);
    const [a, b, c, d] = (await z.grad?.data()) ?? [];
    expect(a).toBeCloseTo(-0.04, 6);
    expect(b).toBeCloseTo(0.04, 6);
    expect(Math.max(Math.abs(c), Math.abs(d))).toBeLessThan(1e-6);
    z.grad?.dispose();
  });
});

test("a perfect prediction costs next to nothing, to many digits", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const t = [1, 0, 1, 0];
    const z = tensor(
      device,
      t.map((v) => (v ? 9 : -9)),
    );
    const b = Math.log1p(Math.exp(-9));
    const p = 1 / (1 + Math.exp(-9));
    const dice = 1 - (2 * 2 * p + 1) / (2 * p + 2 * (1 - p) + 2 + 1);
    const expected = 0.8 * dice + 0.16 * (1 - Math.exp(-b)) ** 2 * b;
    const got = await diceFocalLossWithLogits(z, tensor(device, t)).item();
    expect(Math.abs(got - expected)).toBeLessThan(1e-7);
    const focal = await diceFocalLossWithLogits(z, tensor(device, t), { weight: 0 }).item();
    expect(focal / (0.8 * (1 - Math.exp(-b)) ** 2 * b)).toBeCloseTo(1, 4);
  });
});

test("shapes that differ are refused", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const [a, b] = [tensor(device, [1, 2]), tensor(device, [1, 2], [2, 1])];
    expect(() => diceFocalLoss(a, b)).toThrow(
      "[diceFocalLoss] p and target differ or are empty. Got p [2], target [2, 1].",
    );
    expect(() => diceFocalLossWithLogits(a, b)).toThrow("[diceFocalLossWithLogits] z and target differ");
  });
});
