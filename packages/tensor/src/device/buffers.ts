import { DeviceError } from "../errors";
import { BUFFER_USAGE } from "./constants";

/** Bytes on the device, by what they are for. */
export interface MemoryReport {
  /** Bytes in buffers that a tensor owns. */
  liveBytes: number;
  /** Largest `liveBytes` since the start or `resetPeak()`. */
  peakBytes: number;
  /** Bytes in buffers that wait for reuse. */
  pooledBytes: number;
  /** Largest live + pooled bytes: what the adapter really had to give. */
  reservedPeakBytes: number;
  liveBuffers: number;
  /** Live bytes by tag: `params`, `grads`, `optimiser`, `activations`, ... */
  byTag: Record<string, number>;
  /** Live bytes by tag when the peak was reached. */
  peakByTag: Record<string, number>;
}

/** One device buffer and its accounting. */
export interface Block {
  buffer: GPUBuffer;
  bytes: number;
  tag: string;
}

const USAGE = BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST;

/** Size classes a sixteenth of a power of two apart: at most 6.25 % waste, and a step's shapes hit the same classes every time. */
function sizeClass(bytes: number): number {
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(Math.max(bytes, 1))) - 4));
  return Math.ceil(Math.max(bytes, 4) / step) * step;
}

/**
 * Reuses buffers by size class. A freed buffer may be handed out at once: the queue runs in order, and an upload
 * flushes what is encoded before it writes.
 */
export class BufferPool {
  readonly #gpu: GPUDevice;
  readonly #free = new Map<number, GPUBuffer[]>();
  readonly #byTag = new Map<string, number>();
  #peakByTag: Record<string, number> = {};
  #live = 0;
  #peak = 0;
  #pooled = 0;
  #reservedPeak = 0;
  #count = 0;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /**
   * Takes a storage buffer of at least `bytes`. Contents are undefined.
   * @throws DeviceError (`limit`) when the adapter can neither hold nor bind that much.
   */
  take(bytes: number, tag: string, what: string): Block {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#gpu.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    if (bytes > limit) {
      throw new DeviceError(
        what,
        "limit",
        `a tensor does not fit this adapter. Got ${bytes} bytes. Expected at most ${limit} bytes (maxStorageBufferBindingSize ${maxStorageBufferBindingSize}, maxBufferSize ${maxBufferSize}). Use a smaller batch, image or tile, or another adapter.`,
      );
    }
    const size = Math.min(sizeClass(bytes), Math.floor(maxBufferSize / 4) * 4);
    const buffer = this.#free.get(size)?.pop() ?? null;
    if (buffer) this.#pooled -= size;
    const block = { buffer: buffer ?? this.#gpu.createBuffer({ size, usage: USAGE, label: tag }), bytes: size, tag };
    this.#live += size;
    this.#count++;
    this.#byTag.set(tag, (this.#byTag.get(tag) ?? 0) + size);
    if (this.#live > this.#peak) {
      this.#peak = this.#live;
      this.#peakByTag = Object.fromEntries(this.#byTag);
    }
    this.#reservedPeak = Math.max(this.#reservedPeak, this.#live + this.#pooled);
    return block;
  }

  /** Gives a buffer back for reuse. */
  give(block: Block): void {
    this.#live -= block.bytes;
    this.#count--;
    this.#byTag.set(block.tag, (this.#byTag.get(block.tag) ?? 0) - block.bytes);
    this.#pooled += block.bytes;
    const list = this.#free.get(block.bytes);
    if (list) list.push(block.buffer);
    else this.#free.set(block.bytes, [block.buffer]);
  }

  /** Moves a live buffer's bytes to another tag. */
  retag(block: Block, tag: string): void {
    this.#byTag.set(block.tag, (this.#byTag.get(block.tag) ?? 0) - block.bytes);
    this.#byTag.set(tag, (this.#byTag.get(tag) ?? 0) + block.bytes);
    block.tag = tag;
  }

  /** Destroys every waiting buffer; the caller has flushed. */
  trim(): void {
    for (const list of this.#free.values()) for (const buffer of list) buffer.destroy();
    this.#free.clear();
    this.#pooled = 0;
  }

  resetPeak(): void {
    this.#peak = this.#live;
    this.#peakByTag = Object.fromEntries(this.#byTag);
    this.#reservedPeak = this.#live + this.#pooled;
  }

  report(): MemoryReport {
    const clean = (tags: Record<string, number>) =>
      Object.fromEntries(Object.entries(tags).filter(([, bytes]) => bytes > 0));
    return {
      liveBytes: this.#live,
      peakBytes: this.#peak,
      pooledBytes: this.#pooled,
      reservedPeakBytes: this.#reservedPeak,
      liveBuffers: this.#count,
      byTag: clean(Object.fromEntries(this.#byTag)),
      peakByTag: clean(this.#peakByTag),
    };
  }
}
