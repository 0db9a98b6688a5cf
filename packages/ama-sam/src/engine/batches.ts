import {
  collate,
  createSampleLoader,
  createSampler,
  type DatasetItem,
  type MixingPolicy,
  type SampleLoader,
} from "@ama-sam/data";
import { AmaSamError } from "../errors";

/** What one training step sees. */
export interface TrainBatch {
  /** SAM-normalised: [B, 3, S, S]. */
  images: Float32Array;
  /** 0 or 1: [B, 1, S, S]. */
  masks: Float32Array;
  /** 1 primary, 0 auxiliary: [B]. */
  isPrimary: Int32Array;
  size: number;
  /** Names of the images, for messages. */
  ids: string[];
}

/** Gives batches as a pure function of (epoch, step), so that a position is all that resuming needs. */
export interface BatchSource {
  readonly stepsPerEpoch: number;
  /** Training images by domain: the paper's learning rate and domain weights follow from them. */
  readonly images: { primary: number; auxiliary: number };
  batch(epoch: number, step: number): Promise<TrainBatch>;
}

/** Annotated training images of one data set. */
export interface TrainingSource {
  name: string;
  items: readonly DatasetItem[];
}

/** Options of {@link sampledBatches}. */
export interface SampledBatchesOptions {
  primary: TrainingSource;
  auxiliary?: readonly TrainingSource[];
  batchSize: number;
  seed?: number;
  policy?: MixingPolicy;
  /** Side of the model's input in pixels. */
  size: number;
  /** Makes the samples; default: decodes in this thread, without augmentation. */
  load?: SampleLoader;
}

/**
 * Batches that mix domains, drawn by `createSampler` of `@ama-sam/data`.
 * @throws AmaSamError for a data set without images
 */
export function sampledBatches(options: SampledBatchesOptions): BatchSource {
  const { primary, auxiliary = [], batchSize, seed = 0, policy = "proportional", size } = options;
  const sets = [primary, ...auxiliary];
  const empty = sets.find((set) => set.items.length === 0);
  if (empty)
    throw new AmaSamError(
      "sampledBatches",
      `a data set has no training image. Got ${empty.name}. Expected at least one annotated image; check its split.`,
    );
  const load = options.load ?? createSampleLoader({ size, seed });
  const sampler = createSampler({
    primary: primary.items.length,
    auxiliary: auxiliary.map((set) => set.items.length),
    batchSize,
    seed,
    policy,
  });
  return {
    stepsPerEpoch: sampler.stepsPerEpoch,
    images: imageCounts(primary, auxiliary),
    async batch(epoch, step) {
      const refs = sampler.batch(epoch, step);
      const samples = await Promise.all(
        refs.map((ref) => load(sets[ref.dataset]!.items[ref.item]!, { epoch, index: ref.draw })),
      );
      const { images, masks } = collate(samples);
      return {
        images,
        masks,
        size,
        isPrimary: Int32Array.from(refs, (ref) => (ref.dataset === 0 ? 1 : 0)),
        ids: refs.map((ref, i) => `${sets[ref.dataset]!.name}/${samples[i]!.id}`),
      };
    },
  };
}

/** Which images each batch holds, in order: for repeating a run that was made elsewhere. */
export interface BatchOrder {
  stepsPerEpoch: number;
  /** `SET/ID` of every image of every batch; after the last batch the first follows again. */
  batches: readonly (readonly string[])[];
}

/** Options of {@link orderedBatches}. */
export interface OrderedBatchesOptions {
  primary: TrainingSource;
  auxiliary?: readonly TrainingSource[];
  order: BatchOrder;
  /** Makes the samples; see {@link sampledBatches}. */
  load: SampleLoader;
}

/**
 * Batches in a given order of images, instead of drawn ones.
 * @throws AmaSamError for a name that is no training image
 */
export function orderedBatches({ primary, auxiliary = [], order, load }: OrderedBatchesOptions): BatchSource {
  const known = new Map<string, { item: DatasetItem; isPrimary: boolean }>();
  for (const [i, set] of [primary, ...auxiliary].entries())
    for (const item of set.items) known.set(`${set.name}/${item.id}`, { item, isPrimary: i === 0 });
  const missing = order.batches.flat().find((name) => !known.has(name));
  if (missing !== undefined || order.batches.length === 0)
    throw new AmaSamError(
      "orderedBatches",
      `the order of batches does not fit the data. Got ${missing ?? "no batch"}. Expected names of training images, such as ${[...known.keys()][0]}.`,
    );
  return {
    stepsPerEpoch: order.stepsPerEpoch,
    images: imageCounts(primary, auxiliary),
    async batch(epoch, step) {
      const ids = order.batches[(epoch * order.stepsPerEpoch + step) % order.batches.length]!;
      const chosen = ids.map((id) => known.get(id)!);
      const samples = await Promise.all(
        chosen.map(({ item }, i) => load(item, { epoch, index: step * ids.length + i })),
      );
      const { images, masks, size } = collate(samples);
      return { images, masks, size, isPrimary: Int32Array.from(chosen, (c) => Number(c.isPrimary)), ids: [...ids] };
    },
  };
}

function imageCounts(primary: TrainingSource, auxiliary: readonly TrainingSource[]): BatchSource["images"] {
  return {
    primary: primary.items.length,
    auxiliary: auxiliary.reduce((sum, set) => sum + set.items.length, 0),
  };
}

/** Batches that are already there, in their order, epoch after epoch: for tests, and for data made elsewhere. */
export function fixedBatches(
  batches: readonly TrainBatch[],
  images: BatchSource["images"],
  stepsPerEpoch = batches.length,
): BatchSource {
  return {
    stepsPerEpoch,
    images,
    batch: async (epoch, step) => batches[(epoch * stepsPerEpoch + step) % batches.length]!,
  };
}
