import { describe, expect, it } from "vitest";
import { resolveConfig } from "../schema/resolve";
import { lambdaAt, learningRate, runLength } from "./schedule";

describe("schedules", () => {
  it("the paper's: 2e-4 at 40 images, times 0.98 an epoch", () => {
    const config = resolveConfig();
    const length = runLength(config, 10);
    expect(length.totalSteps).toBe(300);
    const lr = learningRate(config, length, 40);
    expect([0, 9, 10, 299].map(lr)).toEqual([2e-4, 2e-4, 2e-4 * 0.98, 2e-4 * 0.98 ** 29]);
    expect(learningRate(config, length, 80)(0)).toBe(1e-4);
  });

  it("cosine, constant, warm-up and a cap on steps", () => {
    const make = (train: object, at: number) => {
      const config = resolveConfig({ train });
      return learningRate(config, runLength(config, 10), 1)(at);
    };
    expect(make({ lr: 1, schedule: "constant" }, 250)).toBe(1);
    expect(make({ lr: 1, schedule: "cosine", epochs: 4 }, 20)).toBeCloseTo(0.5, 12);
    expect(make({ lr: 1, schedule: "cosine", steps: 10 }, 5)).toBeCloseTo(0.5, 12);
    expect(make({ lr: 1, schedule: "constant", warmup: 4 }, 0)).toBe(0.25);
    expect(make({ lr: 1, schedule: "constant", warmup: 4 }, 3)).toBe(1);
  });

  it("lambda: constant or Ganin's ramp", () => {
    const ramp = resolveConfig({ model: { lambda: { ramp: 0.5 } } });
    const at = lambdaAt(ramp, { stepsPerEpoch: 1, totalSteps: 100 });
    expect(at(0)).toBe(0);
    expect(at(50)).toBeCloseTo(0.5 * (2 / (1 + Math.exp(-5)) - 1), 12);
    expect(lambdaAt(resolveConfig({ model: { lambda: 0.7 } }), { stepsPerEpoch: 1, totalSteps: 9 })(5)).toBe(0.7);
  });
});
