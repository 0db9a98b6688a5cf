import type { DatasetItem, ItemRecord } from "./datasets/dataset";
import { loadSample } from "./datasets/load-sample";
import { DataError, type DataErrorCode } from "./errors";
import { createSampleLoader, type SampleLoader, type SampleLoaderOptions } from "./sample-loader";
import type { FileSource } from "./source/file-source";
import type { TrainingSample } from "./transform/training-sample";

/** A worker or one end of a message channel: a browser's `Worker` or `MessagePort`, Node's `worker_threads` ones. */
export interface SamplePort {
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  addEventListener?(type: "message" | "error", listener: (event: { data?: unknown; message?: string }) => void): void;
  on?(type: "message" | "error", listener: (value: unknown) => void): void;
  start?(): void;
}

interface Request {
  id: number;
  item: ItemRecord;
  epoch: number;
  index: number;
}

type Answer =
  | { id: number; sample: TrainingSample }
  | { id: number; error: { message: string; code?: DataErrorCode; path?: string } };

function listen(port: SamplePort, onMessage: (data: unknown) => void, onError: (message: string) => void): void {
  if (port.on) {
    port.on("message", onMessage);
    port.on("error", (error) => onError(error instanceof Error ? error.message : String(error)));
  } else {
    port.addEventListener?.("message", ({ data }) => onMessage(data));
    port.addEventListener?.("error", ({ message }) => onError(message ?? "unknown error"));
  }
  port.start?.();
}

/**
 * The worker's side: answers requests of {@link workerSampleLoader} on `port` with samples made from `source`.
 * Decoded images are kept as in `createSampleLoader`; `maxPixels` bounds what is decoded.
 */
export function serveSamples(
  port: SamplePort,
  source: FileSource,
  options: SampleLoaderOptions & { maxPixels?: number },
): void {
  const load = createSampleLoader(options);
  const items = new Map<string, DatasetItem>();
  listen(
    port,
    async (data) => {
      const { id, item, epoch, index } = data as Request;
      try {
        const key = JSON.stringify(item);
        const known = items.get(key) ?? {
          ...item,
          load: () => loadSample(source, item, { maxPixels: options.maxPixels }),
        };
        items.set(key, known);
        const sample = await load(known, { epoch, index });
        port.postMessage({ id, sample } satisfies Answer);
      } catch (error) {
        const { message } = error as Error;
        const typed = DataError.isInstance(error) ? { code: error.code, path: error.path } : {};
        port.postMessage({ id, error: { message, ...typed } } satisfies Answer);
      }
    },
    () => {},
  );
}

/** Options of {@link workerSampleLoader}. */
export interface WorkerLoaderOptions {
  /** A sample that takes longer than this fails, and its worker gets no more work; default 60,000 ms. */
  deadlineMs?: number;
}

interface Pending {
  resolve(sample: TrainingSample): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * A {@link SampleLoader} that decodes in workers: one port per worker, each served by {@link serveSamples} over the same files and
 * with the same options. An image always goes to the same worker while it lives, so that its cache serves every epoch; the samples
 * are those that `createSampleLoader` makes in this thread. Put it behind `prefetch` and decoding runs ahead of training.
 * @throws DataError: what the worker threw, or `undecodable` when a worker broke or missed its deadline
 */
export function workerSampleLoader(ports: readonly SamplePort[], options: WorkerLoaderOptions = {}): SampleLoader {
  const { deadlineMs = 60_000 } = options;
  if (ports.length === 0) {
    throw new DataError("bad-argument", "[workerSampleLoader] no worker. Got 0 ports. Expected at least one.");
  }
  let next = 0;
  const alive = ports.map((port) => ({ port, pending: new Map<number, Pending>() }));
  const retire = (worker: (typeof alive)[number], why: string): void => {
    const at = alive.indexOf(worker);
    if (at >= 0) alive.splice(at, 1);
    for (const { reject, timer } of worker.pending.values()) {
      clearTimeout(timer);
      reject(new DataError("undecodable", `[workerSampleLoader] a worker ${why}.`));
    }
    worker.pending.clear();
  };
  for (const worker of [...alive]) {
    listen(
      worker.port,
      (data) => {
        const answer = data as Answer;
        const waiting = worker.pending.get(answer.id);
        if (!waiting) return;
        worker.pending.delete(answer.id);
        clearTimeout(waiting.timer);
        if ("sample" in answer) waiting.resolve(answer.sample);
        else
          waiting.reject(
            new DataError(answer.error.code ?? "undecodable", answer.error.message, { path: answer.error.path }),
          );
      },
      (message) => retire(worker, `broke: ${message}`),
    );
  }
  return ({ id: itemId, split, group, imagePath, annotation }, { epoch, index }) =>
    new Promise((resolve, reject) => {
      const worker = alive[hash(itemId) % Math.max(1, alive.length)];
      if (!worker) {
        reject(new DataError("undecodable", "[workerSampleLoader] no worker is left. Got 0 of the given ports alive."));
        return;
      }
      const id = next++;
      const timer = setTimeout(() => retire(worker, `took longer than ${deadlineMs} ms for ${imagePath}`), deadlineMs);
      worker.pending.set(id, { resolve, reject, timer });
      worker.port.postMessage({
        id,
        item: { id: itemId, split, group, imagePath, annotation },
        epoch,
        index,
      } satisfies Request);
    });
}

function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}
