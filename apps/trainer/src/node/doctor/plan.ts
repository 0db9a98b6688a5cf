import { freemem } from "node:os";
import { type AmaSamConfig, type Config, modelConfig } from "ama-sam";
import { bytesText } from "../output/text";

/** Memory that a training run will need. */
export interface MemoryPlan {
  /** The run in words. */
  what: string;
  /** What the bytes on the GPU are for. */
  parts: { name: string; bytes: number }[];
  /** Peak of bytes in use on the GPU. */
  gpuBytes: number;
  largestBuffer: number;
  maxBinding: number;
  cpuBytes: number;
  freeCpuBytes: number;
  fits: boolean;
  /** The setting to change; empty where everything fits with room. */
  advice: string;
}

/**
 * Floats that a training step keeps for one image, as measured on small models (a test holds that plan and measurement agree):
 * per token and channel of an encoder block (MLP, attention, norms), of the adapter alone, and while a block's backward runs; and
 * per position of the embedding for everything after the encoder, by its channels and by the image pixels of a position.
 */
const PER_TOKEN = { plain: 10.25 + 2.04, attention: 4.05, adapter: 1.25, backward: 10 };
const PER_POSITION = { constant: 1319, perChannel: 42.5, perPixel: 4.03 };
/** Frozen parts keep less; SAM's own decoder lacks the high-resolution path. */
const FROZEN_PART = 0.88;
const SAM_PART = 0.78;
/** Buffers come in size classes, a sixteenth of a power of two apart. */
const SIZE_CLASSES = 1.02;
const NODE_BYTES = 260 * 2 ** 20;

/** Plans the memory of a run from its configuration alone. */
export function planMemory(
  config: Config,
  { maxBinding, software, free = freemem() }: { maxBinding: number; software: boolean; free?: number },
): MemoryPlan {
  const model = modelConfig(config);
  const { encoder } = model;
  const { microBatch, recompute } = config.train;
  const counts = parameterCounts(model, config.model.trainable);
  const tokens = (encoder.imageSize / encoder.patchSize) ** 2;
  const activations = microBatch * 4 * SIZE_CLASSES * activationFloats(model, config, recompute);
  const parts = [
    { name: "weights", bytes: 4 * counts.all },
    { name: "Adam's moments", bytes: 8 * counts.trainable },
    // Gradients come while activations go, so only accumulation over micro-batches adds to the peak.
    { name: "gradients", bytes: microBatch < config.train.batch ? 4 * counts.trainable : 0 },
    { name: `activations of ${microBatch} image${microBatch === 1 ? "" : "s"}`, bytes: activations },
  ];
  const gpuBytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const largestBuffer = Math.max(
    4 * microBatch * tokens * encoder.width * encoder.mlpRatio,
    4 * microBatch * encoder.imageSize ** 2 * 3,
    4 * encoder.width ** 2 * encoder.mlpRatio,
  );
  const state = 12 * counts.trainable;
  const batches = 3 * config.train.batch * 4 * 4 * encoder.imageSize ** 2;
  // Snapshot, last good state, and one on its way to the disk.
  const cpuBytes = NODE_BYTES + 3 * state + batches + config.data.cacheMb * 2 ** 20 + (software ? gpuBytes : 0);
  const bindable = largestBuffer <= maxBinding;
  const fits = bindable && cpuBytes <= free;
  return {
    what: `${config.model.preset}, ${encoder.imageSize} px, batch ${config.train.batch}${microBatch < config.train.batch ? ` in parts of ${microBatch}` : ""}${recompute ? ", recomputing" : ""}`,
    parts,
    gpuBytes,
    largestBuffer,
    maxBinding,
    cpuBytes,
    freeCpuBytes: free,
    fits,
    advice: adviceOf({ bindable, enough: cpuBytes <= free, software, gpuBytes, microBatch, recompute }),
  };
}

function adviceOf(facts: {
  bindable: boolean;
  enough: boolean;
  software: boolean;
  gpuBytes: number;
  microBatch: number;
  recompute: boolean;
}): string {
  const { bindable, enough, software, gpuBytes, microBatch, recompute } = facts;
  const smaller = microBatch > 1 ? "train.microBatch=1" : recompute ? "a smaller preset" : "train.recompute=true";
  if (!bindable) return `A tensor is larger than this adapter binds: use --set ${smaller}, or another adapter.`;
  if (!enough) return `The computer has too little free memory: use --set ${smaller}, or data.cacheMb=0.`;
  return software
    ? ""
    : `WebGPU does not say how much memory a GPU has: see that ${bytesText(gpuBytes)} are free; --set ${smaller} needs less.`;
}

/** Floats kept at the peak for one image. */
function activationFloats({ encoder, adapter }: AmaSamConfig, config: Config, recompute: boolean): number {
  const { imageSize, patchSize, width, depth, window, globalBlocks, outChannels } = encoder;
  const grid = imageSize / patchSize;
  const tokens = grid ** 2;
  const all = config.model.trainable === "all";
  const padded = (block: number): number =>
    window === 0 || globalBlocks.includes(block) ? tokens : (Math.ceil(grid / window) * window) ** 2;
  const blockFloats = (block: number): number =>
    width * (PER_TOKEN.plain * tokens + PER_TOKEN.attention * padded(block));
  let blocks = 0;
  let inputs = 0;
  let largest = 0;
  for (let block = 0; block < depth; block++) {
    // Below the first adapter nothing is trainable, so nothing is kept: of the first block only the adapter's own.
    const kept =
      config.model.trainable === "decoder"
        ? 0
        : !all && block === 0
          ? adapter
            ? PER_TOKEN.adapter * width * tokens
            : 0
          : blockFloats(block);
    blocks += kept;
    inputs += kept > 0 ? width * tokens : 0;
    largest = Math.max(largest, kept + PER_TOKEN.backward * width * tokens);
  }
  const perPosition =
    PER_POSITION.constant + PER_POSITION.perChannel * outChannels + PER_POSITION.perPixel * patchSize ** 2;
  const rest = tokens * perPosition * (all ? 1 : FROZEN_PART) * (config.model.decoder === "sam" ? SAM_PART : 1);
  return recompute ? inputs + Math.max(rest, largest) : blocks + rest;
}

/** Numbers in a model: exact for the encoder, within a percent for the rest. */
export function parameterCounts(
  { encoder, samDecoder, adapter }: AmaSamConfig,
  trainable: Config["model"]["trainable"],
): { all: number; trainable: number } {
  const { imageSize, patchSize, width: w, depth, heads, window, globalBlocks, outChannels: c, mlpRatio } = encoder;
  const grid = imageSize / patchSize;
  let frozen = 3 * patchSize ** 2 * w + w + grid ** 2 * w;
  for (let block = 0; block < depth; block++) {
    const side = window === 0 || globalBlocks.includes(block) ? grid : window;
    frozen += 4 * w + 4 * w * w + 4 * w + 2 * mlpRatio * w * w + (mlpRatio + 1) * w + 2 * (2 * side - 1) * (w / heads);
  }
  frozen += w * c + 2 * c + 9 * c * c + 2 * c;
  const hidden = adapter ? Math.floor(w * adapter.ratio) : 0;
  const adapters = adapter ? depth * (2 * w * hidden + hidden + w) : 0;
  // Two-way transformer, mask heads, prompts, SPGen, slices, discriminator; its MLPs have 128 hidden channels in the fit.
  const after = 5205 + 741 * c + 32.94 * c * c + 2 * samDecoder.depth * c * (samDecoder.mlpHidden - 128);
  const own = 4600 + 33 * c + 2.2 * c * c;
  const all = Math.round(frozen + adapters + after);
  return { all, trainable: trainable === "all" ? all : Math.round(own + (trainable === "adapters" ? adapters : 0)) };
}
