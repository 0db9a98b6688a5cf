import type { Pipeline } from "./pipelines";

/** Enough for the launches of a training step of a large model; a full cache starts anew. */
const MOST = 8192;

/**
 * Bind groups by layout and bound ranges. Making one is the dearest call of a launch (10 to 20 us in Node), and a training
 * step binds the same pooled buffers again and again.
 */
export class BindGroups {
  readonly #gpu: GPUDevice;
  readonly #uniforms: GPUBuffer;
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #numbers = new WeakMap<GPUBuffer, number>();
  #next = 0;

  constructor(gpu: GPUDevice, uniforms: GPUBuffer) {
    this.#gpu = gpu;
    this.#uniforms = uniforms;
  }

  get(kernel: Pipeline, bound: readonly GPUBufferBinding[]): GPUBindGroup {
    let key = `${kernel.layoutKey}${kernel.uniformBytes}`;
    for (let i = 0; i < bound.length; i++) {
      const { buffer, offset = 0, size } = bound[i];
      key += `,${this.#number(buffer)}:${kernel.kinds[i] === "window" ? 0 : offset}:${size}`;
    }
    let group = this.#groups.get(key);
    if (!group) {
      if (this.#groups.size >= MOST) this.#groups.clear();
      group = this.#make(kernel, bound);
      this.#groups.set(key, group);
    }
    return group;
  }

  /** Lets go of all groups, and so of the buffers that they hold. */
  clear(): void {
    this.#groups.clear();
  }

  #make(kernel: Pipeline, bound: readonly GPUBufferBinding[]): GPUBindGroup {
    const entries: GPUBindGroupEntry[] = bound.map((resource, binding) => ({
      binding,
      // The queue adds where a window begins.
      resource: kernel.kinds[binding] === "window" ? { ...resource, offset: 0 } : resource,
    }));
    if (kernel.uniformBytes > 0)
      entries.push({
        binding: bound.length,
        resource: { buffer: this.#uniforms, offset: 0, size: kernel.uniformBytes },
      });
    return this.#gpu.createBindGroup({ layout: kernel.layout, entries, label: kernel.key });
  }

  #number(buffer: GPUBuffer): number {
    let number = this.#numbers.get(buffer);
    if (number === undefined) {
      number = this.#next++;
      this.#numbers.set(buffer, number);
    }
    return number;
  }
}
