import { BUFFER_USAGE, MAP_READ } from "./constants";

/** GPU time of one kernel. */
export interface KernelTime {
  key: string;
  /** Start and end on the GPU's clock, nanoseconds. */
  begin: number;
  end: number;
}

const CAPACITY = 2048;

/** Times every dispatch with timestamp queries (feature `timestamp-query`), a pass each. */
export class Profiler {
  readonly #gpu: GPUDevice;
  readonly #set: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  #keys: string[] = [];
  #reads: Promise<KernelTime[]>[] = [];
  #staging: GPUBuffer | null = null;
  #batch: string[] = [];

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
    this.#set = gpu.createQuerySet({ type: "timestamp", count: CAPACITY });
    this.#resolved = gpu.createBuffer({
      size: CAPACITY * 8,
      usage: BUFFER_USAGE.QUERY_RESOLVE | BUFFER_USAGE.COPY_SRC,
    });
  }

  /** Claims two queries for the next pass. */
  next(key: string): GPUComputePassTimestampWrites | undefined {
    const at = this.#keys.length * 2;
    if (at + 2 > CAPACITY) return undefined;
    this.#keys.push(key);
    return { querySet: this.#set, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  /** Encodes the read-out of this batch's queries. */
  resolve(encoder: GPUCommandEncoder): void {
    const count = this.#keys.length * 2;
    if (count === 0) return;
    this.#staging = this.#gpu.createBuffer({ size: count * 8, usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST });
    encoder.resolveQuerySet(this.#set, 0, count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, count * 8);
    this.#batch = this.#keys;
    this.#keys = [];
  }

  /** The batch is on its way: read it when it is done. */
  submitted(): void {
    const staging = this.#staging;
    const keys = this.#batch;
    if (!staging) return;
    this.#staging = null;
    this.#reads.push(
      staging.mapAsync(MAP_READ).then(
        () => {
          const ticks = new BigUint64Array(staging.getMappedRange().slice(0));
          staging.destroy();
          return keys.map((key, i) => ({ key, begin: Number(ticks[2 * i]), end: Number(ticks[2 * i + 1]) }));
        },
        () => [], // a lost device: the next await says so
      ),
    );
  }

  /** All times since the last call; the caller has flushed. */
  async collect(): Promise<KernelTime[]> {
    return (await Promise.all(this.#reads.splice(0))).flat();
  }

  dispose(): void {
    this.#set.destroy();
    this.#resolved.destroy();
  }
}
