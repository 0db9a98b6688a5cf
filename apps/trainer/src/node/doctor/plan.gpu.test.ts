import { testDevice } from "@ama-sam/testing";
import { type ConfigInput, fixedBatches, resolveConfig, Trainer } from "ama-sam";
import { describe, expect, test } from "vitest";
import { parameterCounts, planMemory } from "./plan";
import { selfTest } from "./self-test";

const nano = (model: ConfigInput["model"], train: ConfigInput["train"]): ConfigInput => ({
  model: { preset: "nano", ...model },
  train: { lr: 1e-3, clipNorm: 1, ...train },
});

const RUNS: [string, ConfigInput][] = [
  ["one image", nano({}, { batch: 1 })],
  ["a batch", nano({}, { batch: 4 })],
  ["accumulated", nano({}, { batch: 4, microBatch: 1 })],
  ["recomputed", nano({}, { batch: 4, recompute: true })],
  ["adapters alone", nano({ trainable: "adapters" }, { batch: 4 })],
  ["a deeper encoder", nano({ overrides: { encoder: { depth: 6 } } }, { batch: 2 })],
  ["larger images", nano({ trainable: "adapters", overrides: { encoder: { imageSize: 256 } } }, { batch: 1 })],
  ["a wider embedding", nano({ overrides: { encoder: { outChannels: 128 } } }, { batch: 2 })],
  ["SAM's decoder", nano({ decoder: "sam" }, { batch: 2 })],
];

describe("the memory plan", () => {
  test.each(RUNS)("of %s is within 15 %% of the measured peak", async (_, input) => {
    const device = await testDevice();
    const config = resolveConfig(input);
    const size = config.model.overrides.encoder?.imageSize ?? 128;
    const { batch: images } = config.train;
    const batch = {
      images: new Float32Array(images * 3 * size * size),
      masks: new Float32Array(images * size * size),
      isPrimary: Int32Array.from({ length: images }, (_, i) => i % 2),
      size,
      ids: Array.from({ length: images }, (_, i) => String(i)),
    };
    const before = device.memory().liveBytes;
    const trainer = await Trainer.create({
      device,
      config,
      data: { batches: fixedBatches([batch], { primary: 2, auxiliary: 2 }) },
    });
    await trainer.step();
    device.resetPeak();
    await trainer.step();
    const measured = device.memory().peakBytes - before;
    const state = [...trainer.model.stateDict().values()];
    const numbers = state.reduce((sum, tensor) => sum + tensor.size, 0);
    trainer.dispose();
    for (const tensor of state) if (!tensor.isDisposed) tensor.dispose("test");
    const plan = planMemory(config, { maxBinding: 2 ** 30, software: true });
    expect(parameterCounts(trainer.model.config, config.model.trainable).all / numbers).toBeCloseTo(1, 1);
    expect(plan.gpuBytes / measured, JSON.stringify({ plan: plan.parts, measured })).toBeGreaterThan(0.85);
    expect(plan.gpuBytes / measured, JSON.stringify({ plan: plan.parts, measured })).toBeLessThan(1.15);
  });

  test("refuses what the adapter cannot bind, and says what to change", () => {
    const config = resolveConfig({ model: { preset: "vit-b" } });
    const plan = planMemory(config, { maxBinding: 128 * 2 ** 20, software: false, free: 2 ** 36 });
    expect(plan.fits).toBe(false);
    expect(plan.advice).toContain("train.microBatch=1");
    const smaller = resolveConfig({ model: { preset: "vit-b" }, train: { microBatch: 1, recompute: true } });
    expect(planMemory(smaller, { maxBinding: 128 * 2 ** 20, software: false, free: 2 ** 36 }).fits).toBe(true);
  });
});

test("every kernel agrees with its reference on this adapter", async () => {
  const results = await selfTest(await testDevice());
  expect(results.filter((result) => !result.ok)).toEqual([]);
  expect(results.length).toBeGreaterThan(50);
});
