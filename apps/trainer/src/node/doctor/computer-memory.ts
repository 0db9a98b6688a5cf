import { freemem } from "node:os";
import { DataError, DecodeError } from "@ama-sam/data";
import { type Config, modelConfig } from "ama-sam";
import { CommandError } from "../errors";
import { openRunData, type RunData } from "../session/open-data";

const MIB = 2 ** 20;

/**
 * What a run takes of the computer's memory whatever it trains, as the peak of a process on Linux (`VmHWM`; Node 20, Mesa 25,
 * SwiftShader 5): Node with its modules, the heap at work, and a software driver with its compiled kernels and buffers of its own.
 * A first run is meant, which compiles its kernels: lavapipe takes some 50 MiB less where Mesa's cache on disk has them.
 * Set on seven runs on each adapter; for five others the plan was 0.96 to 1.04 of what they took on lavapipe, 0.92 to 1.16 on SwiftShader.
 */
const NODE_BYTES = 200 * MIB;
const DRIVER_BYTES = { lavapipe: 190 * MIB, other: 100 * MIB };
/** Copies of weights and moments: the last snapshot, the last good state, one on its way to the disk, and what waits for the collector. */
const STATES = 4.2;
/** A thread that decodes images: a heap and the modules again. */
const WORKER_BYTES = 50 * MIB;
/** A decoded image in the cache: three bytes of colour, four of label, one of mask. */
const CACHED_PER_PIXEL = 8;
/** What scoring an image holds at once besides: probabilities, masks, labels, distances, its picture for the report. */
const SCORED_PER_PIXEL = 48;

/** The images of a run, as far as memory is concerned. */
export interface ImageMemory {
  /** All training images, decoded. */
  trainingBytes: number;
  /** Pixels of the largest image. */
  largestPixels: number;
}

/** What {@link computerBytes} needs to know. */
export interface ComputerMemoryFacts {
  config: Config;
  /** The adapter. */
  adapter: { kind: string; name: string };
  /** A checkpoint: weights and moments. */
  stateBytes: number;
  /** Bytes of all buffers on the GPU, those for reuse too; a software adapter has them in the computer's memory. */
  reservedBytes: number;
  /** Null where the data are not here: then the cache counts as full. */
  images: ImageMemory | null;
}

/** Bytes of the computer's memory at a run's peak. */
export function computerBytes({ config, adapter, stateBytes, reservedBytes, images }: ComputerMemoryFacts): number {
  const { workers, cacheMb } = config.data;
  const { imageSize } = modelConfig(config).encoder;
  const cache = cacheMb * MIB;
  const batches = 3 * config.train.batch * 4 * 4 * imageSize ** 2;
  const states = Math.round(STATES * stateBytes);
  const scored = (images?.largestPixels ?? 0) * SCORED_PER_PIXEL;
  const driver = /lavapipe/i.test(adapter.name) ? DRIVER_BYTES.lavapipe : DRIVER_BYTES.other;
  return (
    NODE_BYTES +
    workers * WORKER_BYTES +
    states +
    batches +
    Math.min(cache, images?.trainingBytes ?? cache) +
    scored +
    (adapter.kind === "software" ? driver + reservedBytes : 0)
  );
}

/** Sizes of a run's images, those of a data set taken from its first; null where the data cannot be opened here. */
export async function imageMemory(config: Config): Promise<ImageMemory | null> {
  let data: RunData;
  try {
    data = await openRunData(config);
    const sets = [data.primary, ...data.auxiliary];
    const memory = { trainingBytes: 0, largestPixels: 0 };
    for (const { items } of sets) {
      const { width, height } = (await items[0]!.load()).image;
      memory.trainingBytes += items.length * width * height * CACHED_PER_PIXEL;
      memory.largestPixels = Math.max(memory.largestPixels, width * height);
    }
    return memory;
  } catch (error) {
    if ([CommandError, DataError, DecodeError].some((type) => type.isInstance(error))) return null;
    throw error;
  }
}

/** Bytes that this process may still take: what the computer has free, or what a container or a job of a scheduler leaves. */
export function availableBytes(): number {
  return process.availableMemory?.() ?? freemem();
}
