import { flags, say } from "../debug/flags";
import { writeTrace } from "../debug/trace";
import { DeviceError } from "../errors";
import { Activity } from "./activity";
import { BufferPool, type MemoryReport } from "./buffers";
import { Loss } from "./loss";
import { hasHalfUnits } from "./matrix-units";
import { showMemory } from "./memory-text";
import { PendingErrors } from "./pending-errors";
import { PipelineCache } from "./pipelines";
import { type KernelTime, Profiler } from "./profiler";
import { CommandQueue } from "./queue";

/** What a device runs on. */
export interface AdapterFacts {
  /** `software` means the CPU plays the GPU: right results, slow. */
  kind: "hardware" | "software" | "unknown";
  /** Name as the driver tells it. */
  name: string;
  vendor: string;
  architecture: string;
}

/** Optional abilities, decided once per device. */
export interface Abilities {
  f16: boolean;
  subgroups: boolean;
  /** Smallest and largest subgroup; 0 without the feature. */
  subgroupMinSize: number;
  subgroupMaxSize: number;
  timestamps: boolean;
  /** `chromium-experimental-subgroup-matrix` with 16 x 16 x 16 matrix units, f16 in and f32 sums. */
  subgroupMatrix: boolean;
}

/** Options of {@link createDevice}. */
export interface DeviceOptions {
  /** A fresh adapter, which a device consumes; null, as `requestAdapter()` gives without WebGPU, is an error that says so. */
  adapter: GPUAdapter | null;
  label?: string;
  /** Kept referenced until `dispose()`: Dawn's instance must outlive its devices. */
  retain?: unknown;
  /** Runs last in `dispose()`. */
  onDispose?: () => void | Promise<void>;
  /** Overrides what the adapter says of itself. */
  info?: Partial<AdapterFacts>;
}

const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
] as const;
const SUBGROUP_MATRIX = "chromium-experimental-subgroup-matrix" as GPUFeatureName;
const FEATURES = ["shader-f16", "subgroups", "timestamp-query", SUBGROUP_MATRIX] as GPUFeatureName[];

/** A GPU device with its buffer pool, command queue and pipeline cache. Make one with {@link createDevice}. */
export class Device {
  readonly gpu: GPUDevice;
  readonly info: AdapterFacts;
  readonly abilities: Abilities;
  readonly limits: GPUSupportedLimits;
  /** @internal */
  readonly buffers: BufferPool;
  /** @internal */
  readonly queue: CommandQueue;
  /** @internal */
  readonly pipelines: PipelineCache;
  /** @internal What the device is busy with. */
  readonly activity = new Activity();
  /** Resolves when the device is gone, however it went. */
  readonly lost: Promise<GPUDeviceLostInfo>;
  readonly #loss = new Loss();
  #disposed: Promise<void> | null = null;
  #retain: unknown;
  #onDispose: DeviceOptions["onDispose"];

  /** @internal */
  constructor(gpu: GPUDevice, info: AdapterFacts, abilities: Abilities, options: DeviceOptions) {
    this.gpu = gpu;
    this.info = info;
    this.abilities = abilities;
    this.limits = gpu.limits;
    this.#retain = [options.retain, options.adapter];
    this.#onDispose = options.onDispose;
    const loss = this.#loss;
    const errors = new PendingErrors(loss);
    this.buffers = new BufferPool(gpu, this.activity);
    this.queue = new CommandQueue({
      gpu,
      errors,
      loss,
      activity: this.activity,
      buffers: this.buffers,
      timestamps: abilities.timestamps,
    });
    this.pipelines = new PipelineCache(gpu, errors);
    this.buffers.onFailure = (check) => errors.watch(check.then((error) => this.#outOfMemory(error)));
    this.lost = gpu.lost.then((why) => {
      this.#gone(
        new DeviceError(
          "device",
          "lost",
          `the device is lost (${why.reason}): ${why.message} Open a new device and go on from the last saved state.`,
        ),
      );
      return why;
    });
    // An error outside any scope (another user of the same GPUDevice): still thrown at the next await.
    gpu.addEventListener?.("uncapturederror", (event) => {
      event.preventDefault?.();
      errors.watch(Promise.resolve(new DeviceError("device", "validation", event.error.message)));
    });
  }

  #gone(error: DeviceError): void {
    this.#loss.declare(error);
    this.buffers.close();
  }

  /** Memory was refused: what waits for reuse is given back, so that the next try has room. */
  #outOfMemory(error: DeviceError | null): DeviceError | null {
    if (!error || this.isLost) return error;
    if (flags.mem) say(showMemory(this.memory()));
    this.trim();
    return error;
  }

  /** Whether the device is lost or disposed. */
  get isLost(): boolean {
    return this.#loss.error !== null;
  }

  /**
   * @internal Throws when the device is gone.
   * @throws DeviceError (`lost`)
   */
  assertUsable(): void {
    this.#loss.check();
  }

  /** Bytes on the device now and at the peak. */
  memory(): MemoryReport {
    return this.buffers.report();
  }

  /** Starts a new peak measurement. */
  resetPeak(): void {
    this.buffers.resetPeak();
  }

  /** Destroys buffers that wait for reuse. */
  trim(): void {
    this.queue.flush();
    this.queue.forgetBuffers();
    this.buffers.trim();
  }

  /** Hands encoded work to the GPU without waiting. */
  flush(): void {
    this.queue.flush();
  }

  /**
   * Waits until all work is done.
   * @throws DeviceError, KernelError: whatever failed since the last await.
   */
  async sync(): Promise<void> {
    await this.queue.sync();
  }

  /**
   * Times every kernel that `fn` starts (needs `timestamp-query`).
   * @throws DeviceError (`unavailable`) where the adapter has no timestamps.
   */
  async profile<T>(fn: () => T | Promise<T>): Promise<{ result: T; kernels: KernelTime[] }> {
    if (!this.abilities.timestamps) {
      throw new DeviceError("profile", "unavailable", `this adapter has no timestamp-query. Got ${this.info.name}.`);
    }
    this.queue.flush();
    const profiler = new Profiler(this.gpu);
    this.queue.profiler = profiler;
    try {
      const result = await fn();
      await this.sync();
      return { result, kernels: await profiler.collect() };
    } finally {
      if (!this.isLost) this.queue.flush();
      this.queue.profiler = null;
      profiler.dispose();
    }
  }

  /**
   * Frees the device and what kept it alive; tensors on it become unusable. Work that is still awaited rejects with
   * DeviceError (`lost`).
   */
  dispose(): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    if (flags.mem) say(showMemory(this.memory()));
    this.buffers.trim();
    this.#gone(new DeviceError("device", "lost", "the device was disposed. Open another one."));
    this.queue.dispose();
    this.gpu.destroy();
    await this.lost;
    writeTrace();
    this.#retain = null;
    await this.#onDispose?.();
  }

  /** @internal Keeps the adapter (and in Node Dawn's instance) reachable. */
  get retained(): unknown {
    return this.#retain;
  }
}

/**
 * Makes a {@link Device} from an adapter, asking for all of the adapter's limits and the features that the kernels know.
 *
 * In Node use `openGpu()` of `@ama-sam/dawn`; in a browser pass `await navigator.gpu.requestAdapter()`.
 * @throws DeviceError (`unavailable`) when the adapter refuses.
 */
export async function createDevice(options: DeviceOptions): Promise<Device> {
  const { adapter } = options;
  if (!adapter)
    throw new DeviceError(
      "createDevice",
      "unavailable",
      "no adapter. Got none. Expected a GPUAdapter; this browser or machine offers no WebGPU.",
    );
  const features = FEATURES.filter((feature) => adapter.features.has(feature));
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  let gpu: GPUDevice;
  try {
    gpu = await adapter.requestDevice({
      label: options.label ?? "ama-sam",
      requiredFeatures: features,
      requiredLimits,
    });
  } catch (cause) {
    throw new DeviceError("createDevice", "unavailable", `the adapter refused a device: ${(cause as Error).message}`, {
      cause,
    });
  }
  const { info } = adapter;
  const has = (feature: GPUFeatureName) => features.includes(feature);
  const facts: AdapterFacts = {
    kind: info.isFallbackAdapter ? "software" : "unknown",
    name: info.description || info.device || info.architecture || "unknown adapter",
    vendor: info.vendor,
    architecture: info.architecture,
    ...options.info,
  };
  const abilities: Abilities = {
    f16: has("shader-f16"),
    subgroups: has("subgroups" as GPUFeatureName),
    subgroupMinSize: has("subgroups" as GPUFeatureName) ? (info.subgroupMinSize ?? 0) : 0,
    subgroupMaxSize: has("subgroups" as GPUFeatureName) ? (info.subgroupMaxSize ?? 0) : 0,
    timestamps: has("timestamp-query"),
    subgroupMatrix: has(SUBGROUP_MATRIX) && (await hasHalfUnits(gpu, info)),
  };
  if (flags.debug >= 1) {
    say(`${facts.name} (${facts.kind}, ${facts.vendor} ${facts.architecture})`);
    say(
      `features ${features.join(", ") || "none"}; subgroups of ${abilities.subgroupMinSize} to ${abilities.subgroupMaxSize}`,
    );
    say(`limits ${LIMITS.map((name) => `${name} ${gpu.limits[name]}`).join(", ")}`);
  }
  return new Device(gpu, facts, abilities, options);
}
