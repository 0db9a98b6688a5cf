import { Build } from "@ama-sam/nn";
import { type Device, DeviceError, type MemoryReport } from "@ama-sam/tensor";
import { AmaSam, AmaSamLearner, type Config, freeze, isSamParameter, modelConfig, type TrainBatch } from "ama-sam";
import { bytesText } from "../output/text";
import { accountingGpu } from "./accounting-gpu";
import { availableBytes, computerBytes, imageMemory } from "./computer-memory";

/** Memory that a training run will need. */
export interface MemoryPlan {
  /** The run in words. */
  what: string;
  /** What the bytes on the GPU are for, at the peak. */
  parts: { name: string; bytes: number }[];
  /** Peak of bytes in use on the GPU. */
  gpuBytes: number;
  /** With buffers that wait for reuse: what the GPU really gives. */
  reservedBytes: number;
  largestBuffer: number;
  maxBinding: number;
  cpuBytes: number;
  /** Whether the images were looked at; otherwise the cache of decoded images counts as full. */
  imagesKnown: boolean;
  freeCpuBytes: number;
  fits: boolean;
  /** What does not fit, or what else to know; empty where everything fits with room. */
  advice: string;
}

const PARTS: readonly (readonly [name: string, holds: (tag: string) => boolean])[] = [
  ["weights", (tag) => tag === "params"],
  ["Adam's moments", (tag) => tag === "optimiser"],
  ["gradients of weights", (tag) => tag === "grads"],
  ["kept for backward", (tag) => tag.startsWith("saved by")],
  ["work in progress", () => true],
];

/**
 * Plans the memory of a run: two training steps are really encoded, with the kernels that this device would get, on a device that computes
 * nothing. Seconds for ViT-B at 1024 x 1024.
 */
export async function planMemory(config: Config, device: Device, free = availableBytes()): Promise<MemoryPlan> {
  const { microBatch, batch, recompute } = config.train;
  const model = modelConfig(config);
  let refused: string | null = null;
  let dry: DryRun;
  try {
    dry = await dryRun(config, device, false);
  } catch (error) {
    if (!DeviceError.isInstance(error) || error.reason !== "limit") throw error;
    refused = error.message;
    dry = await dryRun(config, device, true);
  }
  const { memory, stateBytes, largestBuffer } = dry;
  const software = device.info.kind === "software";
  const images = await imageMemory(config);
  const cpuBytes = computerBytes({
    config,
    adapter: device.info,
    stateBytes,
    reservedBytes: memory.reservedPeakBytes,
    images,
  });
  const enough = cpuBytes <= free;
  const smaller =
    microBatch > 1 ? "train.microBatch=1" : recompute === true ? "a smaller preset" : "train.recompute=true";
  const recomputing = recompute === "mlp" ? ", recomputing MLPs" : recompute ? ", recomputing" : "";
  return {
    what: `${config.model.preset}, ${model.encoder.imageSize} px, batch ${batch}${microBatch < batch ? ` in parts of ${microBatch}` : ""}${recomputing}`,
    parts: partsOf(memory),
    gpuBytes: memory.peakBytes,
    reservedBytes: memory.reservedPeakBytes,
    largestBuffer,
    maxBinding: Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize),
    cpuBytes,
    imagesKnown: images !== null,
    freeCpuBytes: free,
    fits: refused === null && enough,
    advice: refused
      ? `A tensor is larger than this adapter binds: use --set ${smaller}, or another adapter.`
      : !enough
        ? `The computer has too little free memory: use --set ${smaller}, or data.cacheMb=0.`
        : software
          ? ""
          : `WebGPU does not say how much memory a GPU has: see that ${bytesText(memory.reservedPeakBytes)} are free; --set ${smaller} needs less.`,
  };
}

interface DryRun {
  memory: MemoryReport;
  /** What a checkpoint holds: weights and two moments of each that learns. */
  stateBytes: number;
  largestBuffer: number;
}

async function dryRun(config: Config, real: Device, anySize: boolean): Promise<DryRun> {
  const { device, largestBuffer } = await accountingGpu(real, anySize);
  const { train, data } = config;
  const model = new AmaSam(new Build(device, { init: "none" }), modelConfig(config), { decoder: config.model.decoder });
  freeze(model, config.model.trainable);
  const aligned = config.model.align !== "none" && data.auxiliary.length > 0;
  const learner = new AmaSamLearner(model, {
    adam: { clipNorm: train.clipNorm },
    microBatch: train.microBatch,
    recompute: train.recompute,
    domainWeights: aligned ? { primary: 0.5, auxiliary: 0.5 } : null,
  });
  const batch = emptyBatch(train.batch, model.config.encoder.imageSize);
  device.resetPeak();
  for (let step = 0; step < 2; step++) {
    await learner.gradients(batch, { lambda: 1 });
    learner.update(1e-4);
  }
  const memory = device.memory();
  // Weights that no base checkpoint gives are saved too, although they never change.
  const fromBase = config.model.init.checkpoint !== undefined;
  let stateBytes = 0;
  for (const [name, { bytes, requiresGrad }] of model.stateDict()) {
    if (requiresGrad) stateBytes += 3 * bytes;
    else if (!fromBase || !isSamParameter(name)) stateBytes += bytes;
  }
  learner.dispose();
  await device.dispose();
  return { memory, stateBytes, largestBuffer: largestBuffer() };
}

/** A batch of black images, half of them primary. */
export function emptyBatch(images: number, size: number): TrainBatch {
  return {
    images: new Float32Array(images * 3 * size * size),
    masks: new Float32Array(images * size * size),
    isPrimary: Int32Array.from({ length: images }, (_, i) => i % 2),
    size,
    ids: Array.from({ length: images }, (_, i) => String(i)),
  };
}

function partsOf({ peakByTag }: MemoryReport): MemoryPlan["parts"] {
  const bytes = new Map<string, number>(PARTS.map(([name]) => [name, 0]));
  for (const [tag, count] of Object.entries(peakByTag)) {
    const [name] = PARTS.find(([, holds]) => holds(tag))!;
    bytes.set(name, bytes.get(name)! + count);
  }
  return [...bytes].map(([name, count]) => ({ name, bytes: count }));
}
