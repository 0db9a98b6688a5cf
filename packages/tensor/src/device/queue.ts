import { DeviceError, KernelError } from "../errors";
import { BUFFER_USAGE, MAP_READ } from "./constants";
import type { Profiler } from "./profiler";

/** A compiled kernel as the queue needs it. */
export interface Pipeline {
  key: string;
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
  /** Bytes of the uniform block, 0 for none. */
  uniformBytes: number;
}

const UNIFORM_ALIGN = 256;
const UNIFORM_BYTES = 256 * 1024;
/** Work is handed to the GPU in pieces, so that it runs while the next piece is encoded and no submission is long. */
const DISPATCHES_PER_SUBMIT = 64;

/** Failures of work already handed over, found at the next await. */
export class PendingErrors {
  readonly #pending: Promise<void>[] = [];
  #error: Error | null = null;

  /** Watches a check; `check` resolves to an error or null. */
  watch(check: Promise<Error | null>): void {
    const settled = check.then(
      (error) => {
        // A kernel that does not compile also makes its batch invalid: the compile error says more.
        if (error && (!this.#error || (KernelError.isInstance(error) && !KernelError.isInstance(this.#error))))
          this.#error = error;
      },
      () => {}, // a scope of a lost device: the loss is reported by itself
    );
    this.#pending.push(settled);
  }

  /** Throws the first failure, once. */
  async check(): Promise<void> {
    await Promise.all(this.#pending.splice(0));
    const error = this.#error;
    this.#error = null;
    if (error) throw error;
  }
}

/**
 * One command encoder, submitted in batches. Uniform blocks of a batch live in one buffer with dynamic offsets, written
 * right before the submission that reads them. Error scopes surround every batch, so that no failure is only logged.
 */
export class CommandQueue {
  readonly #gpu: GPUDevice;
  readonly #errors: PendingErrors;
  readonly #uniforms: GPUBuffer;
  readonly #staging = new ArrayBuffer(UNIFORM_BYTES);
  #used = 0;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #dispatches = 0;
  #lost: () => DeviceError | null;
  /** Set while kernels are timed one by one. */
  profiler: Profiler | null = null;
  /** Dispatches and submissions since the device was made. */
  readonly counts = { dispatches: 0, submits: 0 };

  constructor(gpu: GPUDevice, errors: PendingErrors, lost: () => DeviceError | null) {
    this.#gpu = gpu;
    this.#errors = errors;
    this.#lost = lost;
    this.#uniforms = gpu.createBuffer({
      size: UNIFORM_BYTES,
      usage: BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST,
      label: "uniforms",
    });
    this.#openScopes();
  }

  /** Encodes one kernel. `buffers` in binding order; `uniforms` fills the block of the pipeline. */
  dispatch(
    kernel: Pipeline,
    buffers: GPUBindingResource[],
    writeUniforms: ((view: DataView) => void) | null,
    groups: [number, number, number],
  ): void {
    if (
      this.#used + UNIFORM_ALIGN * Math.ceil(Math.max(kernel.uniformBytes, 1) / UNIFORM_ALIGN) > UNIFORM_BYTES ||
      this.#dispatches >= DISPATCHES_PER_SUBMIT
    )
      this.flush();
    const entries: GPUBindGroupEntry[] = buffers.map((resource, binding) => ({ binding, resource }));
    let offsets: number[] = [];
    if (kernel.uniformBytes > 0) {
      writeUniforms?.(new DataView(this.#staging, this.#used, kernel.uniformBytes));
      offsets = [this.#used];
      this.#used += UNIFORM_ALIGN * Math.ceil(kernel.uniformBytes / UNIFORM_ALIGN);
      entries.push({
        binding: buffers.length,
        resource: { buffer: this.#uniforms, offset: 0, size: kernel.uniformBytes },
      });
    }
    const group = this.#gpu.createBindGroup({ layout: kernel.layout, entries, label: kernel.key });
    const pass = this.#openPass(kernel.key);
    pass.setPipeline(kernel.pipeline);
    pass.setBindGroup(0, group, offsets);
    pass.dispatchWorkgroups(...groups);
    this.#dispatches++;
    this.counts.dispatches++;
    if (this.profiler) this.#closePass();
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
    const bytes = data.byteLength;
    if (bytes % 4 === 0) {
      this.#gpu.queue.writeBuffer(buffer, offset, data.buffer as ArrayBuffer, data.byteOffset, bytes);
    } else {
      const padded = new Uint8Array(Math.ceil(bytes / 4) * 4);
      padded.set(new Uint8Array(data.buffer, data.byteOffset, bytes));
      this.#gpu.queue.writeBuffer(buffer, offset, padded);
    }
  }

  /** Submits what is encoded. */
  flush(): void {
    if (!this.#encoder) return;
    this.#closePass();
    this.profiler?.resolve(this.#encoder);
    if (this.#used > 0) this.#gpu.queue.writeBuffer(this.#uniforms, 0, this.#staging, 0, this.#used);
    this.#gpu.queue.submit([this.#encoder.finish()]);
    this.profiler?.submitted();
    this.#encoder = null;
    this.#used = 0;
    this.#dispatches = 0;
    this.counts.submits++;
    this.#closeScopes();
    this.#openScopes();
  }

  /** Waits for everything, and throws what went wrong meanwhile. */
  async sync(): Promise<void> {
    const probe = this.#gpu.createBuffer({ size: 4, usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST });
    try {
      this.#closePass();
      this.#commands().clearBuffer(probe, 0, 4);
      this.flush();
      await this.#map(probe, "sync"); // onSubmittedWorkDone also resolves on a lost device; a mapping does not
    } finally {
      probe.destroy();
    }
  }

  /** Copies `bytes` of a buffer back to the CPU. */
  async read(buffer: GPUBuffer, bytes: number, what: string): Promise<ArrayBuffer> {
    const size = Math.ceil(Math.max(bytes, 4) / 4) * 4;
    const staging = this.#gpu.createBuffer({
      size,
      usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST,
      label: "read-back",
    });
    try {
      this.copy(buffer, staging, size);
      this.flush();
      await this.#map(staging, what);
      return staging.getMappedRange().slice(0, bytes);
    } finally {
      staging.destroy();
    }
  }

  dispose(): void {
    this.#closePass();
    this.#encoder = null;
    this.#uniforms.destroy();
  }

  async #map(buffer: GPUBuffer, what: string): Promise<void> {
    try {
      await buffer.mapAsync(MAP_READ);
    } catch (cause) {
      await this.#errors.check();
      throw (
        this.#lost() ??
        new DeviceError(
          what,
          "lost",
          `reading back failed: ${(cause as Error).message}. The device is probably lost.`,
          { cause },
        )
      );
    }
    await this.#errors.check();
  }

  #commands(): GPUCommandEncoder {
    const lost = this.#lost();
    if (lost) throw lost;
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
    for (const filter of ["validation", "out-of-memory", "internal"] as const) this.#gpu.pushErrorScope(filter);
  }

  #closeScopes(): void {
    for (const reason of ["internal", "out-of-memory", "validation"] as const) {
      this.#errors.watch(
        this.#gpu
          .popErrorScope()
          .then((error) =>
            error
              ? new DeviceError(
                  "device",
                  reason,
                  reason === "out-of-memory"
                    ? `the GPU ran out of memory: ${error.message} Use a smaller batch, image or tile, or recomputation (checkpoint).`
                    : error.message,
                )
              : null,
          ),
      );
    }
  }
}
