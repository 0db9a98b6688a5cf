import { flags, matchesFilter } from "../debug/flags";
import { KernelError } from "../errors";
import { COMPUTE_STAGE } from "./constants";
import type { PendingErrors, Pipeline } from "./queue";

/** What the cache needs to build a pipeline. */
export interface PipelineSource {
  key: string;
  code: string;
  /** Storage bindings in order: true where the kernel writes. */
  writes: boolean[];
  uniformBytes: number;
}

/** Compiled kernels by key; a compile error surfaces at the next await with the lines of WGSL around it. */
export class PipelineCache {
  readonly #gpu: GPUDevice;
  readonly #errors: PendingErrors;
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(gpu: GPUDevice, errors: PendingErrors) {
    this.#gpu = gpu;
    this.#errors = errors;
  }

  get size(): number {
    return this.#pipelines.size;
  }

  /** The pipeline of `key`, compiled on first use. */
  get(key: string, source: () => PipelineSource): Pipeline {
    const known = this.#pipelines.get(key);
    if (known) return known;
    const start = performance.now();
    const { code, writes, uniformBytes } = source();
    this.#gpu.pushErrorScope("validation");
    const module = this.#gpu.createShaderModule({ code, label: key });
    const layout = this.#layout(writes, uniformBytes > 0);
    const pipeline = this.#gpu.createComputePipeline({
      label: key,
      layout: this.#gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    this.#errors.watch(this.#gpu.popErrorScope().then((error) => (error ? explain(key, code, module, error) : null)));
    const made = { key, pipeline, layout, uniformBytes };
    this.#pipelines.set(key, made);
    if (flags.debug >= 1 && matchesFilter(key))
      console.error(`[tensor] compiled ${key} in ${(performance.now() - start).toFixed(1)} ms`);
    if (flags.debug >= 4 && matchesFilter(key)) console.error(code);
    return made;
  }

  #layout(writes: boolean[], uniform: boolean): GPUBindGroupLayout {
    const key = `${writes.map((w) => (w ? "w" : "r")).join("")}${uniform ? "u" : ""}`;
    let layout = this.#layouts.get(key);
    if (!layout) {
      const entries: GPUBindGroupLayoutEntry[] = writes.map((write, binding) => ({
        binding,
        visibility: COMPUTE_STAGE,
        buffer: { type: write ? "storage" : "read-only-storage" },
      }));
      if (uniform)
        entries.push({
          binding: writes.length,
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
