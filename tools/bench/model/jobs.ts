import { Adam, Build } from "@ama-sam/nn";
import { type Device, noGrad, type Tensor } from "@ama-sam/tensor";
import { AmaSam, freeze, isSamParameter, PRESETS, type PresetName } from "ama-sam";
import { encodeOnce, predictOnce, resized, trainOnce } from "../../cost/model";
import { median } from "../median";

/** The jobs of `tools/reference/bench.py`: the image encoder, the whole model without gradients, a training step with Adam. */
export const JOBS = ["encoder", "predict", "train"] as const;
export type Job = (typeof JOBS)[number];

/** How SAM's frozen weights are stored; everything that is trained is f32. */
export type Weights = "f32" | "f16";

/** What is timed. */
export interface ModelSetting {
  preset: PresetName;
  size: number;
  batch: number;
  weights: Weights;
}

/** One job's times. */
export interface JobTimes {
  job: Job;
  weights: Weights;
  /** Median wall time of a run, from its first command until the device is done. */
  ms: number;
  /** Part of one more run's wall time that is in kernels, by GPU timestamps; null without them. */
  inKernels: number | null;
  /** Wall time of encoding alone: what the processor does before it starts to wait. */
  encodeMs: number;
  /** GPU memory that tensors own at the peak, model and optimiser included. */
  peakMib: number;
}

/** A model ready for the jobs. */
export function buildModel(device: Device, { preset, size, weights }: ModelSetting): AmaSam {
  const half = weights === "f16" ? isSamParameter : () => false;
  const model = new AmaSam(new Build(device, { seed: 0, half }), resized(PRESETS[preset], size));
  freeze(model, "adapters");
  return model;
}

/** Times one job: the middle of `runs` runs after `warmup` others. */
export async function timeJob(
  device: Device,
  model: AmaSam,
  job: Job,
  { size, batch, weights }: ModelSetting,
  { runs, warmup }: { runs: number; warmup: number },
): Promise<JobTimes> {
  const adam = job === "train" ? new Adam(model.trainable(), { lr: 2e-4 }) : null;
  const once = {
    encoder: () => encodeOnce(device, model, size, batch),
    predict: () => predictOnce(device, model, size, batch),
    train: () => adam && trainOnce(device, model, adam, { size, batch, recompute: false }),
  }[job];
  const times: number[] = [];
  const encoding: number[] = [];
  device.trim();
  device.resetPeak();
  for (let i = 0; i < warmup + runs; i++) {
    await device.sync();
    const start = performance.now();
    once();
    const encoded = performance.now();
    await device.sync();
    if (i < warmup) continue;
    times.push(performance.now() - start);
    encoding.push(encoded - start);
  }
  const peakMib = device.memory().peakBytes / 2 ** 20;
  let inKernels: number | null = null;
  if (device.abilities.timestamps) {
    const start = performance.now();
    const { kernels } = await device.profile(once);
    inKernels = kernels.reduce((sum, k) => sum + (k.end - k.begin), 0) / 1e6 / (performance.now() - start);
  }
  adam?.dispose();
  return { job, weights, ms: median(times), inKernels, encodeMs: median(encoding), peakMib };
}

/** The embedding of a fixed noise image: what storage in f16 changes is seen in it. */
export async function embeddingOf(model: AmaSam, noise: Tensor): Promise<Float32Array> {
  const embedding = noGrad(model.device, () => model.imageEncoder.forward(noise));
  const values = (await embedding.data()) as Float32Array;
  embedding.dispose();
  return values;
}

/** Largest difference over the largest magnitude of the first; NaN where any value is none. */
export function largestError(expected: Float32Array, values: Float32Array): number {
  let [most, error] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    most = Math.max(most, Math.abs(expected[i])); // Math.max passes NaN on
    error = Math.max(error, Math.abs(values[i] - expected[i]));
  }
  return error / most;
}
