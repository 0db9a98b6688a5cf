import { testDevice } from "@ama-sam/testing";
import { type ConfigInput, fixedBatches, resolveConfig, Trainer } from "ama-sam";
import { describe, expect, test } from "vitest";
import { emptyBatch, planMemory } from "./plan";

const nano = (model: ConfigInput["model"], train: ConfigInput["train"]): ConfigInput => ({
  model: { preset: "nano", ...model },
  train: { lr: 1e-3, clipNorm: 1, ...train },
});

const RUNS: [string, ConfigInput][] = [
  ["one image", nano({}, { batch: 1 })],
  ["a batch", nano({}, { batch: 4 })],
  ["accumulated", nano({}, { batch: 4, microBatch: 1 })],
  ["recomputed", nano({}, { batch: 4, recompute: true })],
  ["MLPs recomputed", nano({}, { batch: 4, recompute: "mlp" })],
  ["adapters alone", nano({ trainable: "adapters" }, { batch: 4 })],
  ["a deeper encoder", nano({ overrides: { encoder: { depth: 6 } } }, { batch: 2 })],
  ["larger images", nano({ trainable: "adapters", overrides: { encoder: { imageSize: 256 } } }, { batch: 1 })],
  ["a wider embedding", nano({ overrides: { encoder: { outChannels: 128 } } }, { batch: 2 })],
  ["SAM's decoder", nano({ decoder: "sam" }, { batch: 2 })],
];

describe("the memory plan", () => {
  test.each(RUNS)("of %s is the measured peak", async (_, input) => {
    const device = await testDevice();
    const config = resolveConfig({ ...input, data: { auxiliary: [{ path: "elsewhere" }] } });
    const size = config.model.overrides.encoder?.imageSize ?? 128;
    const batch = emptyBatch(config.train.batch, size);
    const before = device.memory().liveBytes;
    const trainer = await Trainer.create({
      device,
      config,
      data: { batches: fixedBatches([batch], { primary: 2, auxiliary: 2 }) },
    });
    device.resetPeak();
    for (let step = 0; step < 3; step++) await trainer.step();
    const measured = device.memory().peakBytes - before;
    const state = [...trainer.model.stateDict().values()];
    trainer.dispose();
    for (const tensor of state) if (!tensor.isDisposed) tensor.dispose("test");
    const plan = await planMemory(config, device);
    expect(plan.parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(plan.gpuBytes);
    expect(plan.gpuBytes / measured, JSON.stringify({ plan: plan.parts, measured })).toBeCloseTo(1, 2);
  });

  test("refuses what the adapter cannot bind, and says what to change", async () => {
    const device = await testDevice();
    const small = Object.create(device, {
      limits: { value: { ...limitsOf(device), maxStorageBufferBindingSize: 2 ** 20 } },
    }) as typeof device;
    const config = resolveConfig(nano({}, { batch: 8 }));
    const plan = await planMemory(config, small, 2 ** 36);
    expect(plan.fits).toBe(false);
    expect(plan.largestBuffer).toBeGreaterThan(2 ** 20);
    expect(plan.advice).toContain("train.microBatch=1");
    const one = await planMemory(resolveConfig(nano({}, { batch: 8, microBatch: 1 })), small, 2 ** 36);
    expect(one.fits).toBe(true);
    expect((await planMemory(config, device, 2 ** 20)).advice).toContain("too little free memory");
  });
});

/** Limits are getters of a prototype: spreading them gives nothing. */
function limitsOf({ limits }: Awaited<ReturnType<typeof testDevice>>): Record<string, number> {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(limits));
  return Object.fromEntries([...names, ...Object.keys(limits)].map((name) => [name, Reflect.get(limits, name)]));
}
