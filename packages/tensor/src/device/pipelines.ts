import { flags, matchesFilter, say } from "../debug/flags";
import { KernelError } from "../errors";
import { COMPUTE_STAGE } from "./constants";
import type { PendingErrors } from "./pending-errors";

/**
 * How a kernel uses a binding: a storage buffer that it reads or writes, or a window: an array of fixed size in the uniform address
 * space, over a part of a buffer. Where a window begins may change from launch to launch at no cost.
 */
export type BindingKind = "read" | "write" | "window";

const LAYOUT_TYPE = { read: "read-only-storage", write: "storage", window: "uniform" } as const;

/** A compiled kernel as the queue needs it. */
export interface Pipeline {
  readonly key: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Same text, same layout. */
  readonly layoutKey: string;
  readonly kinds: readonly BindingKind[];
  /** Bytes of the uniform block, 0 for none. */
  readonly uniformBytes: number;
  /** Why it does not compile, once that is known. */
  failed: KernelError | null;
}

/** One variant of a kernel: what the cache builds a pipeline from, and what it is found by. */
export interface PipelineSource {
  readonly key: string;
  /** Final WGSL. */
  code(): string;
  /** Bindings in order, without the uniform block. */
  readonly kinds: readonly BindingKind[];
  readonly uniformBytes: number;
  /** One line on why this variant, for `TENSOR_DEBUG=3`. */
  choice(): string;
}

/** Compiled kernels; a compile error surfaces at the next await, with the lines of WGSL around it. */
export class PipelineCache {
  readonly #gpu: GPUDevice;
  readonly #errors: PendingErrors;
  /** By identity: two packages may give their kernels one name. */
  readonly #pipelines = new Map<PipelineSource, Pipeline>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  /** While kernels are only noted, not run: see `compileAhead`. */
  #noted: Set<PipelineSource> | null = null;

  constructor(gpu: GPUDevice, errors: PendingErrors) {
    this.#gpu = gpu;
    this.#errors = errors;
  }

  get size(): number {
    return this.#pipelines.size;
  }

  /**
   * The pipeline of a variant, compiled on first use.
   * @throws KernelError when it is known not to compile
   */
  get(source: PipelineSource): Pipeline {
    const known = this.#pipelines.get(source);
    if (!known) return this.#compile(source);
    if (known.failed) throw known.failed;
    return known;
  }

  /** Takes note of a variant instead of running it; false where kernels run. */
  note(source: PipelineSource): boolean {
    if (!this.#noted) return false;
    if (!this.#pipelines.has(source)) this.#noted.add(source);
    return true;
  }

  /** The variants that `fn` would launch and that are not compiled yet. Nothing runs on the device meanwhile. */
  collect(fn: () => void): PipelineSource[] {
    const outer = this.#noted;
    const noted = new Set<PipelineSource>();
    this.#noted = noted;
    try {
      fn();
    } finally {
      this.#noted = outer;
    }
    return [...noted];
  }

  /** Compiles a variant beside others. One that fails is left for {@link get}, which tells why. */
  async compileAsync(source: PipelineSource): Promise<void> {
    const { descriptor, code: _, ...made } = this.#describe(source);
    const pipeline = await this.#gpu.createComputePipelineAsync(descriptor).catch(() => null);
    if (pipeline && !this.#pipelines.has(source)) this.#pipelines.set(source, { ...made, pipeline, failed: null });
  }

  #describe(
    source: PipelineSource,
  ): Omit<Pipeline, "pipeline" | "failed"> & { code: string; descriptor: GPUComputePipelineDescriptor } {
    const { key, kinds, uniformBytes } = source;
    const code = source.code();
    const layoutKey = `${kinds.join()}${uniformBytes > 0 ? ",u" : ""}`;
    const layout = this.#layout(layoutKey, kinds, uniformBytes > 0);
    const module = this.#gpu.createShaderModule({ code, label: key });
    const descriptor = {
      label: key,
      layout: this.#gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    };
    return { key, layout, layoutKey, kinds, uniformBytes, code, descriptor };
  }

  #compile(source: PipelineSource): Pipeline {
    const start = performance.now();
    this.#gpu.pushErrorScope("validation");
    const { code, descriptor, ...rest } = this.#describe(source);
    const { key } = rest;
    const { module } = descriptor.compute;
    const pipeline = this.#gpu.createComputePipeline(descriptor);
    const made: Pipeline = { ...rest, pipeline, failed: null };
    this.#errors.watch(
      this.#gpu.popErrorScope().then(async (error) => {
        if (error) made.failed = await explain(key, code, module, error);
        return made.failed;
      }),
    );
    this.#pipelines.set(source, made);
    if (flags.debug >= 1 && matchesFilter(key)) {
      say(`compiled ${key} in ${(performance.now() - start).toFixed(1)} ms`);
      if (flags.debug >= 3) say(`${key}: ${source.choice()}`);
      if (flags.debug >= 4) say(`${key}:\n${code}`);
    }
    return made;
  }

  #layout(key: string, kinds: readonly BindingKind[], uniform: boolean): GPUBindGroupLayout {
    let layout = this.#layouts.get(key);
    if (!layout) {
      const entries: GPUBindGroupLayoutEntry[] = kinds.map((kind, binding) => ({
        binding,
        visibility: COMPUTE_STAGE,
        buffer: { type: LAYOUT_TYPE[kind], hasDynamicOffset: kind === "window" },
      }));
      if (uniform)
        entries.push({
          binding: kinds.length,
          visibility: COMPUTE_STAGE,
          buffer: { type: "uniform", hasDynamicOffset: true },
        });
      layout = this.#gpu.createBindGroupLayout({ entries });
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}

async function explain(key: string, code: string, module: GPUShaderModule, error: GPUError): Promise<KernelError> {
  const info = await module.getCompilationInfo();
  const lines = code.split("\n");
  const where = info.messages
    .filter((m) => m.type === "error")
    .map((m) => {
      const from = Math.max(0, m.lineNum - 3);
      const context = lines
        .slice(from, m.lineNum + 2)
        .map((line, i) => `${from + i + 1 === m.lineNum ? ">" : " "} ${from + i + 1} | ${line}`);
      return `line ${m.lineNum}: ${m.message}\n${context.join("\n")}`;
    });
  return new KernelError(
    key,
    `the kernel is not valid on this device.\n${where.length > 0 ? where.join("\n") : error.message}`,
  );
}
