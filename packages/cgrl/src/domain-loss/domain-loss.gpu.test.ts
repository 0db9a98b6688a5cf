import { tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { CgrlError } from "../errors";
import { domainLoss, domainLossOp, domainWeights } from "./domain-loss";

const flags = (values: number[]) => ({ shape: [values.length], values, dtype: "i32" as const });
opSuite(domainLossOp, [
  {
    inputs: { logit: { shape: [4], scale: 2 }, isPrimary: flags([1, 0, 0, 1]) },
    attrs: { primary: 1, auxiliary: 1 },
  },
  {
    name: "weighted, one sample",
    inputs: { logit: { shape: [1] }, isPrimary: flags([0]) },
    attrs: { primary: 2, auxiliary: 0.6 },
  },
  {
    name: "more samples than lanes",
    inputs: { logit: { shape: [130] }, isPrimary: flags(Array.from({ length: 130 }, (_, i) => (i % 3) % 2)) },
    attrs: { primary: 1.5, auxiliary: 0.75 },
  },
  {
    name: "sure of itself, right and wrong",
    inputs: { logit: { shape: [4], values: [60, -60, 60, -60] }, isPrimary: flags([1, 1, 0, 0]) },
    attrs: { primary: 1, auxiliary: 1 },
  },
]);

test("weights are inverse to the set sizes, with mean 1 over all images", () => {
  const { primary, auxiliary } = domainWeights(30, 90);
  expect(primary / auxiliary).toBeCloseTo(3, 12);
  expect((30 * primary + 90 * auxiliary) / 120).toBeCloseTo(1, 12);
  expect(domainWeights(30, 0)).toEqual({ primary: 1, auxiliary: 0 });
  for (const [p, a] of [
    [0, 5],
    [-1, 5],
    [5, -1],
    [Number.NaN, 1],
  ])
    expect(() => domainWeights(p, a)).toThrow(CgrlError);
});

test("wrong shapes are a CgrlError", async () => {
  const device = await testDevice();
  const isPrimary = tensor(device, [1, 0], [2], { dtype: "i32" });
  const wrong = tensor(device, [1, 0, 0], [3]);
  const empty = tensor(device, [], [0]);
  const none = tensor(device, [], [0], { dtype: "i32" });
  const weights = { primary: 1, auxiliary: 1 };
  expect(() => domainLoss(wrong, isPrimary, weights)).toThrow(CgrlError);
  expect(() => domainLoss(empty, none, weights)).toThrow(/B > 0/);
  for (const t of [isPrimary, wrong, empty, none]) t.dispose();
});
