import type { Sample } from "@ama-sam/data";
import { Build } from "@ama-sam/nn";
import { clearGraph, type Device } from "@ama-sam/tensor";
import { type FaultPlan, injectFaults, openTestDevice, Random, testDevice } from "@ama-sam/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { AmaSam } from "../model/ama-sam";
import { freeze } from "../model/freeze";
import type { ConfigInput } from "../schema/config";
import { resolveConfig } from "../schema/resolve";
import { modelConfig } from "../schema/settings";
import { AmaSamLearner } from "./ama-sam-learner";
import { type BatchSource, fixedBatches, type TrainBatch } from "./batches";
import { pooledEmbeddings } from "./domain-probe";
import { evaluateModel } from "./evaluate";
import type { TrainEvent } from "./events";
import { compilePrediction, predictImage } from "./predict";
import { memoryStorage } from "./storage";
import { Trainer } from "./trainer";

/** Small enough for a software adapter: 48 x 48 pixels, two blocks of width 24. */
const tiny: ConfigInput = {
  model: {
    preset: "nano",
    overrides: {
      encoder: { imageSize: 48, width: 24, depth: 2, heads: 2, window: 4, globalBlocks: [1], outChannels: 16 },
      samDecoder: { maskChannels: 4, heads: 2, mlpHidden: 32, iouHidden: 16 },
      slices: 4,
      discriminatorHidden: 8,
    },
    lambda: 0.5,
  },
  train: { epochs: 2, batch: 3, lr: 2e-3, clipNorm: 1, checkpointMinutes: 0 },
};
const SIZE = 48;

/** Discs on a noisy ground; auxiliary images have another colour. */
function disc(random: Random, auxiliary: boolean): { image: Float32Array; mask: Float32Array } {
  const image = new Float32Array(3 * SIZE * SIZE);
  const mask = new Float32Array(SIZE * SIZE);
  const spots = Array.from(
    { length: 4 },
    () => [random.integer(7, 41), random.integer(7, 41), random.integer(4, 7)] as const,
  );
  for (let i = 0; i < mask.length; i++) {
    const [x, y] = [i % SIZE, Math.floor(i / SIZE)];
    mask[i] = spots.some(([cx, cy, r]) => (x - cx) ** 2 + (y - cy) ** 2 < r * r) ? 1 : 0;
    for (let c = 0; c < 3; c++)
      image[c * mask.length + i] = (mask[i] ? -1 : 1) + 0.2 * random.normal() + (auxiliary && c === 0 ? 0.7 : 0);
  }
  return { image, mask };
}

function batches(count: number, seed = 1): BatchSource {
  const random = new Random(seed);
  const made = Array.from({ length: count }, (_, k): TrainBatch => {
    const flags = [1, 0, 0];
    const discs = flags.map((p) => disc(random, p === 0));
    const join = (parts: Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));
    return {
      images: join(discs.map((d) => d.image)),
      masks: join(discs.map((d) => d.mask)),
      isPrimary: Int32Array.from(flags),
      size: SIZE,
      ids: flags.map((_, i) => `disc/${k}.${i}`),
    };
  });
  return fixedBatches(made, { primary: count, auxiliary: 2 * count });
}

const five = batches(5);
let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

async function make(
  options: {
    config?: ConfigInput;
    storage?: ReturnType<typeof memoryStorage>;
    source?: BatchSource;
    on?: Device;
    onDeviceLost?: () => Promise<Device>;
  } = {},
) {
  const events: TrainEvent[] = [];
  const { config = tiny, storage, source = five, on = device, onDeviceLost } = options;
  const trainer = await Trainer.create({
    device: on,
    config,
    data: { batches: source },
    onEvent: (e) => events.push(e),
    ...(storage ? { storage } : {}),
    ...(onDeviceLost ? { onDeviceLost } : {}),
  });
  return { trainer, events, losses: () => events.flatMap((e) => (e.type === "step" ? [e.loss] : [])) };
}

describe("Trainer", () => {
  const six = { ...tiny, train: { ...tiny.train, epochs: 6 } };
  /** One undisturbed run, and what the others are compared with. */
  const whole = { losses: [] as number[], at6: "", at10: "" };

  it("learns: the loss falls in 30 steps, no memory leaks", async () => {
    const before = device.memory().liveBuffers;
    const { trainer, losses } = await make({ config: six });
    await trainer.run({ maxSteps: 6 });
    whole.at6 = await trainer.fingerprint();
    const live = device.memory();
    await trainer.run({ maxSteps: 4 });
    whole.at10 = await trainer.fingerprint();
    await trainer.run();
    whole.losses = losses();
    expect(device.memory().liveBuffers).toBe(live.liveBuffers);
    expect(device.memory().liveBytes).toBe(live.liveBytes);
    const mean = (of: number[]) => of.reduce((a, b) => a + b, 0) / of.length;
    expect(mean(losses().slice(-5))).toBeLessThan(0.8 * mean(losses().slice(0, 5)));
    trainer.dispose();
    clearGraph(device);
    expect(device.memory().liveBuffers).toBe(before);
  });

  it("interrupted at step 5 and resumed in a new trainer, has the same bits at step 10", async () => {
    const storage = memoryStorage();
    const first = await make({ storage, config: six });
    expect(await first.trainer.run({ maxSteps: 5 })).toBe("steps");
    first.trainer.dispose();
    const second = await make({ storage, config: { ...six, model: { ...six.model, init: { seed: 99 } } } });
    expect(await second.trainer.resume()).toMatchObject({ step: 5, damaged: [] });
    await second.trainer.run({ maxSteps: 5 });
    expect([...first.losses(), ...second.losses()]).toEqual(whole.losses.slice(0, 10));
    expect(await second.trainer.fingerprint()).toBe(whole.at10);
    second.trainer.dispose();
  });

  it("a NaN in an image skips that step and leaves the weights", async () => {
    const source: BatchSource = {
      ...five,
      batch: async (e, s) => {
        const batch = await five.batch(e, s);
        return e === 0 && s === 1
          ? { ...batch, images: batch.images.map((v, i) => (i === 7 ? Number.NaN : v)) }
          : batch;
      },
    };
    const { trainer, events } = await make({ source });
    await trainer.run({ maxSteps: 1 });
    const { learner: before } = await trainer.state();
    await trainer.run({ maxSteps: 1 });
    expect(events.find((e) => e.type === "nan")).toMatchObject({
      step: 2,
      images: ["disc/1.0", "disc/1.1", "disc/1.2"],
    });
    expect((await trainer.state()).learner).toEqual(before);
    await trainer.run({ maxSteps: 1 });
    expect(events.findLast((e) => e.type === "step")).toMatchObject({ step: 3, skipped: false });
    trainer.dispose();
  });

  it("goes on after devices lost in upload, kernels, submission and read-back, with the same bits", async () => {
    // All early in these three steps, which have some 350 kernels each: the last device must still have a second read to make.
    const points: FaultPlan[] = (["dispatch", "writeBuffer", "submit", "mapAsync"] as const).map((on, i) => ({
      lose: { on, at: [300, 3, 9, 2][i]! },
    }));
    const opened: Device[] = [];
    const open = async () => {
      opened.push(await openTestDevice());
      return { own: opened.at(-1)!, faults: injectFaults(opened.at(-1)!.gpu) };
    };
    const first = await open();
    const lossy = await make({
      on: first.own,
      config: six,
      onDeviceLost: async () => {
        const next = points.shift();
        if (!next) return device;
        const { own, faults } = await open();
        faults.arm(next);
        return own;
      },
    });
    await lossy.trainer.run({ maxSteps: 3 });
    first.faults.arm(points.shift()!);
    await lossy.trainer.run({ maxSteps: 3 });
    expect(opened).toHaveLength(4);
    expect(opened.every((d) => d.isLost)).toBe(true);
    expect(lossy.losses()).toEqual(whole.losses.slice(0, 6));
    expect(await lossy.trainer.fingerprint()).toBe(whole.at6);
    lossy.trainer.dispose();
    for (const d of opened) await d.dispose();
  });

  it("survives NaN from any kernel: a spoiled update is rolled back", async () => {
    const own = await openTestDevice();
    const faults = injectFaults(own.gpu);
    const { trainer, events } = await make({ on: own, config: six });
    await trainer.run({ maxSteps: 1 });
    faults.arm({});
    await trainer.run({ maxSteps: 1 });
    const perStep = faults.counts.dispatch;
    const at = (share: number) => Math.max(1, Math.floor(share * perStep));
    for (const [share, steps] of [
      [0.2, 2],
      [0.6, 2],
      [1, 5],
    ] as const) {
      // the last dispatch of a step is Adam's
      faults.arm({ nanInDispatchAt: at(share) });
      await trainer.run({ maxSteps: steps });
    }
    expect(trainer.progress.guard).toMatchObject({ rollbacks: 1, inARow: 0 });
    expect(events.filter((e) => e.type === "rollback")).toHaveLength(1);
    const { learner } = await trainer.state();
    for (const { data } of [...learner.weights.values(), ...learner.moments.values()])
      expect(data.every(Number.isFinite)).toBe(true);
    trainer.dispose();
    await own.dispose();
  });
});

describe("micro-batches", () => {
  async function gradients(microBatch: number | undefined, domain: boolean) {
    const model = new AmaSam(new Build(device, { seed: 5 }), modelConfig(resolveConfig(tiny)));
    freeze(model, "all");
    const learner = new AmaSamLearner(model, {
      ...(microBatch ? { microBatch } : {}),
      alpha: 0.7,
      beta: 0.6,
      domainWeights: domain ? { primary: 1.5, auxiliary: 0.75 } : null,
    });
    const values = await learner.gradients(await five.batch(0, 0), { lambda: 0.5 });
    const grads = new Map<string, Float32Array>();
    for (const [name, p] of learner.adam.parameters) if (p.grad) grads.set(name, await p.grad.data());
    learner.dispose();
    return { values, grads };
  }

  it.each([true, false])(
    "give the gradient and losses of the big batch within 1e-5 (domain branch: %s)",
    async (domain) => {
      const whole = await gradients(undefined, domain);
      const before = device.memory().liveBuffers;
      for (const size of [1, 2]) {
        const parts = await gradients(size, domain);
        expect(device.memory().liveBuffers).toBe(before);
        expect([...parts.grads.keys()]).toEqual([...whole.grads.keys()]);
        const largest = Math.max(
          ...[...whole.grads.values()].map((g) => g.reduce((m, v) => Math.max(m, Math.abs(v)), 0)),
        );
        for (const [name, g] of whole.grads) {
          const worst = g.reduce((m, v, i) => Math.max(m, Math.abs(v - parts.grads.get(name)![i]!)), 0);
          expect(worst, name).toBeLessThan(1e-5 * Math.max(1, largest));
        }
        for (const key of ["loss", "fine", "coarse", "domain", "gradNorm"] as const)
          expect(parts.values[key] ?? 0).toBeCloseTo(whole.values[key] ?? 0, 5);
      }
    },
  );
});

describe("prediction", () => {
  const model = () => {
    const made = new AmaSam(new Build(device, { seed: 5 }), modelConfig(resolveConfig(tiny)));
    return made;
  };
  const rgb = (width: number, height: number) => ({
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i >> 7) * 11) % 256),
  });

  it("gives maps of the image's size, whole or in tiles, without leaks", async () => {
    const net = model();
    const before = device.memory().liveBuffers;
    for (const [width, height, tile, calls] of [
      [64, 64, 64, 1],
      [40, 50, 64, 1],
      [100, 70, 0, 1],
      [100, 70, 64, 6],
      [64, 64, 48, 4],
    ] as const) {
      let done = 0;
      const out = await predictImage(net, rgb(width, height), { tile, onProgress: () => done++ });
      expect([out.probability.length, out.mask.length, out.labels.data.length]).toEqual([
        width * height,
        width * height,
        width * height,
      ]);
      expect(done).toBe(calls);
      expect(device.memory().liveBuffers).toBe(before);
    }
    await expect(predictImage(net, { width: 3, height: 3, data: new Uint8Array(9) })).rejects.toThrow(
      /not an RGB image/,
    );
    await expect(predictImage(net, rgb(9, 9), { threshold: 1 })).rejects.toThrow(/no probability/);
    net.dispose();
  });

  it("compiles what a prediction launches before the first one", async () => {
    const own = await openTestDevice();
    const net = new AmaSam(new Build(own), modelConfig(resolveConfig(tiny)));
    const seen: number[] = [];
    const count = await compilePrediction(net, ({ done, total }) => seen.push(done / total));
    expect(count).toBeGreaterThan(20);
    expect(seen.at(-1)).toBe(1);
    expect(own.pipelines.size).toBe(count);
    const { liveBuffers } = own.memory();
    await predictImage(net, rgb(100, 70), { tile: 64 });
    await predictImage(net, rgb(48, 48));
    expect(own.pipelines.size).toBe(count); // nothing new
    expect(own.memory().liveBuffers).toBe(liveBuffers);
    expect(await compilePrediction(net)).toBe(0);
    net.dispose();
    await own.dispose();
  });

  it("runs side by side on one device, and stops where it is told to", async () => {
    const net = model();
    const { liveBuffers } = device.memory();
    const images = [rgb(40, 50), rgb(100, 70), rgb(48, 48)];
    const options = { tile: 64 };
    const alone: Float32Array[] = [];
    for (const image of images) alone.push((await predictImage(net, image, options)).logits);
    const together = await Promise.all(images.map((image) => predictImage(net, image, options)));
    expect(together.map((it) => it.logits)).toEqual(alone);
    expect((await Promise.all(images.map((image) => pooledEmbeddings(net, [image])))).map((it) => it.length)).toEqual([
      1, 1, 1,
    ]);
    const signal = AbortSignal.abort();
    for (const image of images) await expect(predictImage(net, image, { signal })).rejects.toThrow(/abort/i);
    expect(device.memory().liveBuffers).toBe(liveBuffers);
    net.dispose();
  });

  it("refuses words that it does not know", async () => {
    const net = model();
    const image = rgb(40, 40);
    await expect(predictImage(net, image, { views: "d8" as never })).rejects.toThrow("unknown views. Got d8.");
    await expect(predictImage(net, image, { instances: { method: "x" as never } })).rejects.toThrow(
      "unknown method. Got x.",
    );
    net.dispose();
    const config = modelConfig(resolveConfig(tiny));
    const build = new Build(device);
    const wrong =
      (over: object, options = {}) =>
      () =>
        new AmaSam(build, { ...config, ...over }, options);
    expect(wrong({ align: "CGRL" })).toThrow("unknown alignment. Got CGRL. Expected none, grl or cgrl.");
    expect(wrong({ sliceMlp: "per-token" })).toThrow("unknown sliceMlp. Got per-token.");
    expect(wrong({}, { decoder: "unet" })).toThrow("unknown decoder. Got unet.");
  });

  it("scores a perfect model as perfect", async () => {
    const net = model();
    const { labels, mask } = await predictImage(net, rgb(80, 60), {
      tile: 0,
      instances: { minArea: 1, fillHoles: false },
    });
    const { width, height, data } = rgb(80, 60);
    const sample: Sample = {
      id: "own",
      image: { width, height, channels: 3, bitDepth: 8, data },
      labels: labels.data,
      mask,
      instanceKind: "instances",
      nuclei: labels.count,
      warnings: [],
    };
    expect(labels.count).toBeGreaterThan(0);
    const { rows, aggregate } = await evaluateModel(net, [sample], {
      tile: 0,
      instances: { minArea: 1, fillHoles: false },
    });
    expect(rows[0]).toMatchObject({ image: "own", dsc: 1, iou: 1, hd: 0, aji: 1, dq: 1 });
    expect(aggregate.pq).toBeGreaterThan(0.9999);
    net.dispose();
  });
});
