import { flags } from "../debug/flags";
import { Monitor } from "../debug/monitor";
import { DeviceError } from "../errors";
import type { Activity } from "./activity";
import { BindGroups } from "./bind-groups";
import type { BufferPool } from "./buffers";
import { BUFFER_USAGE, MAP_READ } from "./constants";
import type { Loss } from "./loss";
import type { PendingErrors } from "./pending-errors";
import type { Pipeline } from "./pipelines";
import type { Profiler } from "./profiler";

const UNIFORM_ALIGN = 256;
/** Work is handed to the GPU in pieces, so that it runs while the next piece is encoded and no submission is long. */
const DISPATCHES_PER_SUBMIT = 64;
/** Room for as many blocks of two alignments: no kernel here has a larger one. */
const UNIFORM_BYTES = DISPATCHES_PER_SUBMIT * 2 * UNIFORM_ALIGN;
/** And of at most so much work, as far as kernels tell theirs: a slow GPU should not be busy with one submission for seconds. */
const FLOPS_PER_SUBMIT = 200e9;
const SCOPES = ["validation", "out-of-memory", "internal"] as const;

/** What {@link CommandQueue} stands on. */
export interface QueueParts {
  gpu: GPUDevice;
  errors: PendingErrors;
  loss: Loss;
  /** Whether kernels can be timed. */
  timestamps: boolean;
  activity: Activity;
  buffers: BufferPool;
}

/**
 * One command encoder, submitted in batches. Uniform blocks of a batch live in one buffer with dynamic offsets, written
 * right before the submission that reads them. Error scopes surround every batch, so that no failure is only logged.
 */
export class CommandQueue {
  readonly #parts: QueueParts;
  readonly #gpu: GPUDevice;
  readonly #uniforms: GPUBuffer;
  readonly #groups: BindGroups;
  readonly #staging = new ArrayBuffer(UNIFORM_BYTES);
  readonly #view = new DataView(this.#staging);
  /** Dynamic offsets in binding order: windows, then the uniform block. WebGPU promises eight. */
  readonly #offsets = new Uint32Array(8);
  #used = 0;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #dispatches = 0;
  #flops = 0;
  #monitor: Monitor | null = null;
  #checking = false;
  /** Set while kernels are timed one by one. */
  profiler: Profiler | null = null;
  /** Run at every await after the device's own errors; a debug check throws here. */
  readonly checks = new Set<() => Promise<void>>();
  /** Dispatches and submissions since the device was made. */
  readonly counts = { dispatches: 0, submits: 0 };

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#gpu = parts.gpu;
    this.#uniforms = this.#gpu.createBuffer({
      size: UNIFORM_BYTES,
      usage: BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST,
      label: "uniforms",
    });
    this.#groups = new BindGroups(this.#gpu, this.#uniforms);
    this.#openScopes();
  }

  /** The timeline, when `TENSOR_DEBUG` >= 2 or `TENSOR_TRACE` asks for one; null otherwise. */
  get monitor(): Monitor | null {
    const wanted = flags.debug >= 2 || flags.trace !== "";
    if (wanted !== (this.#monitor?.on ?? false) || (wanted && !this.profiler && this.#monitor?.profiler))
      this.#switchMonitor(wanted);
    return wanted ? this.#monitor : null;
  }

  /** Encodes one kernel. `bound` in binding order; `fill` writes the block of the pipeline at an offset; `flops` is its work, if large. */
  dispatch(
    kernel: Pipeline,
    bound: readonly GPUBufferBinding[],
    fill: (view: DataView, offset: number) => void,
    grid: [number, number, number],
    flops: number,
  ): void {
    this.#parts.loss.check();
    const room = Math.ceil(kernel.uniformBytes / UNIFORM_ALIGN) * UNIFORM_ALIGN;
    const full = this.#used + room > UNIFORM_BYTES || this.#dispatches >= DISPATCHES_PER_SUBMIT;
    if (full || (this.#flops > 0 && this.#flops + flops > FLOPS_PER_SUBMIT)) this.flush();
    const { monitor } = this;
    const start = monitor ? performance.now() : 0;
    const group = this.#groups.get(kernel, bound);
    const pass = this.#openPass(kernel.key);
    pass.setPipeline(kernel.pipeline);
    let moved = 0;
    for (let i = 0; i < bound.length; i++)
      if (kernel.kinds[i] === "window") this.#offsets[moved++] = bound[i].offset ?? 0;
    if (room > 0) {
      fill(this.#view, this.#used);
      this.#offsets[moved++] = this.#used;
      this.#used += room;
    }
    pass.setBindGroup(0, group, this.#offsets, 0, moved);
    pass.dispatchWorkgroups(...grid);
    this.#dispatches++;
    this.#flops += flops;
    this.counts.dispatches++;
    if (this.profiler) this.#closePass();
    if (monitor) {
      const { activity, buffers } = this.#parts;
      const timed = this.profiler !== null && this.profiler === monitor.profiler;
      monitor.kernel({
        key: kernel.key,
        op: activity.op,
        grid,
        bound,
        live: buffers.liveBytes,
        start,
        timed,
      });
    }
  }

  /** Encodes a copy between two buffers. */
  copy(from: GPUBuffer, to: GPUBuffer, bytes: number, fromOffset = 0, toOffset = 0): void {
    this.#closePass();
    this.#commands().copyBufferToBuffer(from, fromOffset, to, toOffset, Math.ceil(bytes / 4) * 4);
  }

  /** Encodes zeros into a buffer's first `bytes`. */
  clear(buffer: GPUBuffer, bytes: number): void {
    this.#closePass();
    this.#commands().clearBuffer(buffer, 0, Math.ceil(bytes / 4) * 4);
  }

  /** Uploads now; work encoded before runs before. */
  write(buffer: GPUBuffer, data: ArrayBufferView, offset = 0): void {
    this.flush();
    const start = performance.now();
    const bytes = data.byteLength;
    if (bytes % 4 === 0) {
      this.#gpu.queue.writeBuffer(buffer, offset, data.buffer as ArrayBuffer, data.byteOffset, bytes);
    } else {
      const padded = new Uint8Array(Math.ceil(bytes / 4) * 4);
      padded.set(new Uint8Array(data.buffer, data.byteOffset, bytes));
      this.#gpu.queue.writeBuffer(buffer, offset, padded);
    }
    this.monitor?.upload(bytes, start);
  }

  /**
   * Submits what is encoded.
   * @throws DeviceError (`lost`)
   */
  flush(): void {
    this.#parts.loss.check();
    if (!this.#encoder) return;
    this.#closePass();
    this.profiler?.resolve(this.#encoder);
    if (this.#used > 0) this.#gpu.queue.writeBuffer(this.#uniforms, 0, this.#staging, 0, this.#used);
    this.#gpu.queue.submit([this.#encoder.finish()]);
    this.profiler?.submitted();
    this.#monitor?.submitted();
    this.#encoder = null;
    this.#used = 0;
    this.#dispatches = 0;
    this.#flops = 0;
    this.counts.submits++;
    this.#closeScopes();
    this.#openScopes();
  }

  /** Waits for everything, and throws what went wrong meanwhile. */
  async sync(): Promise<void> {
    this.flush();
    const probe = this.#mappable(4, "sync");
    try {
      this.#commands().clearBuffer(probe, 0, 4);
      this.flush();
      await this.#map(probe, "sync"); // onSubmittedWorkDone also resolves on a lost device; a mapping does not
    } finally {
      probe.destroy();
    }
  }

  /** Copies `bytes` of a buffer back to the CPU. */
  async read(buffer: GPUBuffer, bytes: number, what: string): Promise<ArrayBuffer> {
    // Before the copy: a read-back that fails must not take the work encoded before with it.
    this.flush();
    const size = Math.ceil(Math.max(bytes, 4) / 4) * 4;
    const staging = this.#mappable(size, what);
    try {
      this.copy(buffer, staging, size);
      this.flush();
      await this.#map(staging, what);
      return staging.getMappedRange().slice(0, bytes);
    } finally {
      staging.destroy();
    }
  }

  /** Forgets cached bind groups: buffers are about to be destroyed. */
  forgetBuffers(): void {
    this.#groups.clear();
  }

  dispose(): void {
    this.#pass = null;
    this.#encoder = null;
    this.#monitor?.dispose();
    this.#groups.clear();
    this.#uniforms.destroy();
  }

  #mappable(size: number, what: string): GPUBuffer {
    this.#gpu.pushErrorScope("out-of-memory");
    const usage = BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST;
    const buffer = this.#gpu.createBuffer({ size, usage, label: "read-back" });
    const check = this.#gpu.popErrorScope();
    this.#parts.errors.watch(
      check.then((error) =>
        error
          ? new DeviceError(
              what,
              "out-of-memory",
              `no memory to read back. Got ${size} bytes. Expected less. Read a part, or free tensors first. The driver says: ${error.message}`,
            )
          : null,
      ),
    );
    return buffer;
  }

  async #map(buffer: GPUBuffer, what: string): Promise<void> {
    const { errors, loss } = this.#parts;
    const start = performance.now();
    // Its own scope: a mapping that fails rejects and also raises an error, which would fall upon the next batch.
    this.#gpu.pushErrorScope("validation");
    const mapping = buffer.mapAsync(MAP_READ);
    this.#gpu.popErrorScope().catch(() => {});
    try {
      await loss.guard(mapping);
    } catch (cause) {
      loss.check();
      await errors.check();
      throw (
        (await loss.grace(200)) ??
        new DeviceError(what, "internal", `reading back failed: ${(cause as Error).message}`, { cause })
      );
    }
    this.#monitor?.wait(what, start);
    await errors.check();
    await this.#runChecks();
  }

  async #runChecks(): Promise<void> {
    if (this.#checking) return; // a check reads back itself
    this.#checking = true;
    try {
      await this.#monitor?.settle();
      for (const check of this.checks) await check();
    } finally {
      this.#checking = false;
    }
  }

  #switchMonitor(on: boolean): void {
    this.flush();
    if (this.#monitor && this.profiler === this.#monitor.profiler) this.profiler = null;
    if (on) this.#monitor ??= new Monitor(this.#gpu, this.#parts.timestamps);
    if (!this.#monitor) return;
    this.#monitor.on = on;
    if (on) this.profiler ??= this.#monitor.profiler;
  }

  #commands(): GPUCommandEncoder {
    this.#parts.loss.check();
    this.#encoder ??= this.#gpu.createCommandEncoder();
    return this.#encoder;
  }

  #openPass(key: string): GPUComputePassEncoder {
    if (!this.#pass) {
      const timestampWrites = this.profiler?.next(key);
      this.#pass = this.#commands().beginComputePass(timestampWrites ? { timestampWrites } : {});
    }
    return this.#pass;
  }

  #closePass(): void {
    this.#pass?.end();
    this.#pass = null;
  }

  #openScopes(): void {
    for (const filter of SCOPES) this.#gpu.pushErrorScope(filter);
  }

  #closeScopes(): void {
    for (const reason of [...SCOPES].reverse()) {
      const check = this.#gpu.popErrorScope();
      this.#parts.errors.watch(
        check.then((error) => (error ? new DeviceError("device", reason, error.message) : null)),
      );
    }
  }
}
