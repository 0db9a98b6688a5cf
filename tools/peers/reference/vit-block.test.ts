import { expect, test } from "vitest";
import { blockInputs } from "../ops";
import { uniform } from "../random";
import { type BlockValues, blockLoss, trainBlock } from "./vit-block";

const sizes = { T: 8, D: 48, heads: 4, mlp: 96, adapter: 12 };
const values: BlockValues = Object.fromEntries(
  Object.entries(blockInputs(sizes)).map(([name, { data }]) => [name, Float64Array.from(data)]),
);

test.each([
  ["x", "dx"],
  ["down_w", "d_down_w"],
  ["down_b", "d_down_b"],
  ["up_w", "d_up_w"],
  ["up_b", "d_up_b"],
] as const)("the block's gradient of %s is its slope", (name, gradient) => {
  const analytic = trainBlock(sizes, values)[gradient];
  const direction = uniform(99, [analytic.length]).data;
  const shifted = (by: number) => {
    const moved = Float64Array.from(values[name], (value, i) => value + by * direction[i]);
    return blockLoss(sizes, { ...values, [name]: moved });
  };
  const slope = (shifted(1e-4) - shifted(-1e-4)) / 2e-4;
  const along = analytic.reduce((sum, value, i) => sum + value * direction[i], 0);
  expect(along / slope).toBeCloseTo(1, 5);
});
