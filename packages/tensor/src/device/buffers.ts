import { DeviceError } from "../errors";
import type { Activity } from "./activity";
import { BUFFER_USAGE } from "./constants";
import { outOfMemory } from "./memory-text";

/** Bytes on the device, by what they are for. */
export interface MemoryReport {
  /** Bytes in buffers that a tensor owns. */
  liveBytes: number;
  /** Largest `liveBytes` since the start or `resetPeak()`. */
  peakBytes: number;
  /** Bytes in buffers that wait for reuse. */
  pooledBytes: number;
  /** Largest sum of all buffers, owned or waiting: what the adapter really had to give. */
  reservedPeakBytes: number;
  liveBuffers: number;
  /** Live bytes by tag: `params`, `grads`, `optimiser`, `activations`, ... */
  byTag: Record<string, number>;
  /** Live bytes by tag when the peak was reached. */
  peakByTag: Record<string, number>;
  /** Op that was running when the peak was reached; empty outside ops. */
  peakOp: string;
}

/** One buffer of the pool, through all its uses. */
export interface Slot {
  /** Buffers are numbered as they are made. */
  readonly number: number;
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  /** Set when the adapter could not give the memory: the buffer is invalid for good. */
  failed: DeviceError | null;
}

/** One use of a buffer and its accounting: `bytes` is what was asked for, the slot may be larger. */
export interface Block {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  readonly slot: Slot;
  tag: string;
}

/**
 * A passing tensor may sit in a free buffer of up to this many times its size rather than in a new one: what the adapter has to give
 * at the peak shrinks by 2 (ViT-B's training step) to 18 % (the same with recomputation); four times would waste more than it saves.
 */
const LOOSE = 2;
/** Tags of tensors that stay: what they waste, they waste for good. */
const LASTING = new Set(["params", "optimiser"]);

/** UNIFORM for kernels' windows. */
const USAGE = BUFFER_USAGE.STORAGE | BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST;

/** Size classes a sixteenth of a power of two apart: at most 6.25 % waste, and a step's shapes hit the same classes every time. */
function sizeClass(bytes: number): number {
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(Math.max(bytes, 1))) - 4));
  return Math.ceil(Math.max(bytes, 4) / step) * step;
}

/**
 * Reuses buffers by size class. A freed buffer may be handed out at once: the queue runs in order, and an upload
 * flushes what is encoded before it writes. A buffer whose memory was refused never comes back.
 */
export class BufferPool {
  readonly #gpu: GPUDevice;
  readonly #activity: Activity;
  readonly #largest: number;
  readonly #bufferLimit: number;
  readonly #bindingLimit: number;
  /**
   * By size, the oldest buffer last: it is taken first. Who gets which buffer then depends on what is free alone, not on the order
   * in which it was freed, so that the steps of a training run bind the same buffers again and again, and their bind groups are
   * found ({@link BindGroups}): last in, first out made nearly all of them anew in every step.
   */
  readonly #free = new Map<number, Slot[]>();
  readonly #byTag = new Map<string, number>();
  #peakByTag: Record<string, number> = {};
  #peakOp = "";
  #live = 0;
  #peak = 0;
  #pooled = 0;
  /** Bytes of live buffers beyond what their tensors asked for. */
  #slack = 0;
  #reservedPeak = 0;
  #count = 0;
  #made = 0;
  #closed = false;
  /** Told of refused memory, after the buffer left the pool. */
  onFailure: (check: Promise<DeviceError | null>) => void = () => {};

  constructor(gpu: GPUDevice, activity: Activity) {
    this.#gpu = gpu;
    this.#activity = activity;
    const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits;
    this.#bufferLimit = maxBufferSize;
    this.#bindingLimit = maxStorageBufferBindingSize;
    this.#largest = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  }

  /**
   * Takes a storage buffer of at least `bytes`. Contents are undefined.
   * @param op who asks, @param what the tensor's name, @param shape its shape: for errors
   * @throws DeviceError (`limit`) when the adapter can neither hold nor bind that much.
   */
  take(bytes: number, tag: string, op: string, what: string, shape: readonly number[]): Block {
    if (bytes > this.#largest) {
      throw new DeviceError(
        op,
        "limit",
        `${what} [${shape.join(", ")}] does not fit this adapter. Got ${bytes} bytes. Expected at most ${this.#largest} bytes (maxStorageBufferBindingSize ${this.#bindingLimit}, maxBufferSize ${this.#bufferLimit}). Use a smaller batch, image or tile, or another adapter.`,
      );
    }
    const wanted = Math.min(sizeClass(bytes), Math.floor(this.#bufferLimit / 4) * 4);
    const waiting = this.#waiting(wanted, LASTING.has(tag) ? 1 : LOOSE);
    if (waiting) this.#pooled -= waiting.bytes;
    const slot = waiting ?? this.#create(wanted, bytes, op, `${what} [${shape.join(", ")}]`);
    const size = wanted;
    this.#slack += slot.bytes - size;
    this.#live += size;
    this.#count++;
    this.#byTag.set(tag, (this.#byTag.get(tag) ?? 0) + size);
    if (this.#live > this.#peak) {
      this.#peak = this.#live;
      this.#peakByTag = Object.fromEntries(this.#byTag);
      this.#peakOp = this.#activity.op;
    }
    this.#reservedPeak = Math.max(this.#reservedPeak, this.#reserved);
    return { buffer: slot.buffer, bytes: size, slot, tag };
  }

  /** A free buffer of this size, else the smallest of up to `loose` times as much. */
  #waiting(size: number, loose: number): Slot | undefined {
    const exact = this.#free.get(size)?.pop();
    if (exact || loose <= 1) return exact;
    let best: Slot[] | undefined;
    let least = size * loose;
    for (const [bytes, list] of this.#free) {
      if (list.length > 0 && bytes > size && bytes <= least) {
        best = list;
        least = bytes;
      }
    }
    return best?.pop();
  }

  #create(size: number, bytes: number, op: string, what: string): Slot {
    const before = this.report();
    this.#gpu.pushErrorScope("out-of-memory");
    const slot: Slot = {
      number: this.#made++,
      buffer: this.#gpu.createBuffer({ size, usage: USAGE, label: what }),
      bytes: size,
      failed: null,
    };
    const check = this.#gpu.popErrorScope().then((error) => {
      if (!error) return null;
      slot.failed = outOfMemory(op, what, bytes, before, error.message);
      const list = this.#free.get(size);
      const at = list?.indexOf(slot) ?? -1;
      if (at >= 0) {
        list?.splice(at, 1);
        this.#pooled -= size;
      }
      return slot.failed;
    });
    this.onFailure(check);
    return slot;
  }

  /** Bytes that the adapter gives at present. */
  get #reserved(): number {
    return this.#live + this.#slack + this.#pooled;
  }

  get liveBytes(): number {
    return this.#live;
  }

  /** Gives a buffer back for reuse. */
  give(block: Block): void {
    const { slot, bytes, tag } = block;
    this.#live -= bytes;
    this.#slack -= slot.bytes - bytes;
    this.#count--;
    this.#byTag.set(tag, (this.#byTag.get(tag) ?? 0) - bytes);
    if (slot.failed || this.#closed) return;
    this.#pooled += slot.bytes;
    const list = this.#free.get(slot.bytes);
    if (!list) this.#free.set(slot.bytes, [slot]);
    else {
      let at = list.length;
      while (at > 0 && list[at - 1].number < slot.number) at--;
      list.splice(at, 0, slot);
    }
  }

  /** Moves a live buffer's bytes to another tag. */
  retag(block: Block, tag: string): void {
    this.#byTag.set(block.tag, (this.#byTag.get(block.tag) ?? 0) - block.bytes);
    this.#byTag.set(tag, (this.#byTag.get(tag) ?? 0) + block.bytes);
    block.tag = tag;
  }

  /** Destroys every waiting buffer; the caller has flushed. */
  trim(): void {
    for (const list of this.#free.values()) for (const { buffer } of list) buffer.destroy();
    this.#free.clear();
    this.#pooled = 0;
  }

  /** From now on freed buffers are forgotten: the device is gone. */
  close(): void {
    this.#closed = true;
    this.#free.clear();
    this.#pooled = 0;
  }

  resetPeak(): void {
    this.#peak = this.#live;
    this.#peakByTag = Object.fromEntries(this.#byTag);
    this.#peakOp = this.#activity.op;
    this.#reservedPeak = this.#reserved;
  }

  report(): MemoryReport {
    const clean = (tags: Iterable<[string, number]>) => Object.fromEntries([...tags].filter(([, bytes]) => bytes > 0));
    return {
      liveBytes: this.#live,
      peakBytes: this.#peak,
      pooledBytes: this.#pooled,
      reservedPeakBytes: this.#reservedPeak,
      liveBuffers: this.#count,
      byTag: clean(this.#byTag),
      peakByTag: clean(Object.entries(this.#peakByTag)),
      peakOp: this.#peakOp,
    };
  }
}
