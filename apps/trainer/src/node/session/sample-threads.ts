import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import {
  createSampleLoader,
  type DatasetItem,
  type SampleLoader,
  type SampleLoaderOptions,
  type SamplePort,
  workerSampleLoader,
} from "@ama-sam/data";
import { augmentation, type Config, modelConfig } from "ama-sam";
import type { RunData } from "./open-data";
import type { ThreadData } from "./sample-thread";

/** A loader that works in threads. */
export interface SampleThreads {
  load: SampleLoader;
  close(): Promise<void>;
}

/** Options of {@link sampleThreads}. */
export interface SampleThreadsOptions {
  /** Told once, when a thread failed and this one works in its place. */
  onFailure?: (message: string) => void;
  /** The threads' program; tests pass one that breaks. */
  program?: URL;
}

/**
 * Reads, decodes and augments training images in `data.workers` threads, while this one drives the GPU. The samples are those of
 * `createSampleLoader`, bit for bit; what a thread cannot do is done here.
 */
export function sampleThreads(config: Config, data: RunData, options: SampleThreadsOptions = {}): SampleThreads {
  const { workers, cacheMb } = config.data;
  const { onFailure, program = new URL("./sample-thread.mjs", import.meta.url) } = options;
  const sets = [data.primary, ...data.auxiliary];
  const cacheBytes = cacheMb * 2 ** 20;
  const loader: SampleLoaderOptions = {
    size: modelConfig(config).encoder.imageSize,
    augmentation: augmentation(config),
    seed: config.train.seed,
  };
  const here = createSampleLoader({ ...loader, cacheBytes });
  if (workers === 0) return { load: here, close: async () => {} };
  const workerData: ThreadData = {
    folders: sets.map(({ name }) => data.folders.get(name)!),
    options: { ...loader, cacheBytes: Math.floor(cacheBytes / workers) },
  };
  const threads = Array.from({ length: workers }, () => startThread(program, workerData));
  const setOf = new Map(sets.flatMap(({ items }, i) => items.map((item) => [item, i] as const)));
  const there = workerSampleLoader(threads as SamplePort[]);
  let [told, closed] = [false, false];
  return {
    load: async (item, at) => {
      const set = setOf.get(item);
      if (set === undefined) return here(item, at);
      try {
        return await there(inFolder(item, set), at);
      } catch (error) {
        if (closed) throw error;
        // A bad image fails here as well, with its own message; a broken thread costs time and nothing else.
        const sample = await here(item, at);
        if (!told) onFailure?.(error instanceof Error ? error.message : String(error));
        told = true;
        return sample;
      }
    },
    close: async () => {
      closed = true;
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}

/** The item as the threads know it: its paths begin with the number of their folder. */
function inFolder(item: DatasetItem, set: number): DatasetItem {
  const { annotation } = item;
  return {
    ...item,
    imagePath: `${set}/${item.imagePath}`,
    annotation: annotation && { ...annotation, paths: annotation.paths.map((path) => `${set}/${path}`) },
  };
}

function startThread(program: URL, workerData: ThreadData): Worker {
  const tsconfig = fileURLToPath(new URL("../../../../../tsconfig.json", import.meta.url));
  const thread = new Worker(program, {
    workerData,
    execArgv: ["--conditions=@ama-sam/source"],
    env: { ...process.env, TSX_TSCONFIG_PATH: tsconfig },
  });
  // Requests to a thread that ended without an error would wait for their deadline.
  thread.on("exit", (code) => thread.emit("error", new Error(`the thread ended with code ${code}`)));
  thread.unref();
  return thread;
}
