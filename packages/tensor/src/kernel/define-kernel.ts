import type { Device } from "../device/device";
import type { BindingKind, PipelineSource } from "../device/pipelines";
import { KernelError } from "../errors";
import { type KernelParams, specialize } from "./specialize";

/** Types of the scalars in a uniform block. */
export type UniformType = "u32" | "i32" | "f32";

/** Anything that can be bound: a tensor, or a part of the core's own buffers. */
export interface Bindable {
  readonly binding: GPUBufferBinding;
}

/** What {@link defineKernel} takes. */
export interface KernelSpec<U extends Record<string, UniformType>> {
  /** Op name plus role, kebab-case; starts the kernel's key in traces and tables. */
  name: string;
  /**
   * WGSL: library files first, the kernel's own file last. Its entry point is `main`. Bindings are numbered in the order in which they
   * stand: storage buffers, arrays in the uniform address space (windows, see {@link Kernel.run}), and `struct Params` last.
   */
  source: readonly string[];
  /** Every legal value of every tunable, the default first. */
  params?: Record<string, readonly (number | boolean | string)[]>;
  /**
   * The variants that tools list and tests compile, where not every combination of tunables exists or is worth a look. All of
   * them must fit WebGPU's default limits. Default: every combination.
   */
  variants?: () => readonly KernelParams[];
  /** Scalars of `struct Params` in order. */
  uniforms?: U;
}

interface BindingInfo {
  name: string;
  kind: BindingKind;
}

/** A kernel: WGSL, its tunables and its bindings by name. */
export class Kernel<U extends Record<string, UniformType> = Record<string, UniformType>> {
  readonly name: string;
  readonly source: string;
  readonly params: Record<string, readonly (number | boolean | string)[]>;
  readonly uniforms: U;
  /** Storage bindings and windows in order: all but the block of {@link uniforms}. */
  readonly bindings: readonly BindingInfo[];
  readonly #listed: (() => readonly KernelParams[]) | undefined;
  readonly #uniformNames: string[];
  readonly #uniformTypes: UniformType[];
  readonly #uniformBytes: number;
  /** Variants met so far, by the tunables as given. */
  readonly #variants = new Map<string, PipelineSource>();

  constructor(spec: KernelSpec<U>) {
    this.name = spec.name;
    this.source = spec.source.join("\n");
    this.params = spec.params ?? {};
    this.#listed = spec.variants;
    this.uniforms = (spec.uniforms ?? {}) as U;
    this.#uniformNames = Object.keys(this.uniforms);
    this.#uniformTypes = Object.values(this.uniforms);
    this.#uniformBytes = Math.ceil((this.#uniformNames.length * 4) / 16) * 16;
    const found = [
      ...this.source.matchAll(
        /@group\(0\)\s*@binding\((\d+)\)\s*var<\s*(storage|uniform)\s*(?:,\s*(\w+)\s*)?>\s*(\w+)\s*:\s*(\w+)/g,
      ),
    ];
    this.bindings = found
      .filter((m) => m[2] === "storage" || m[5] === "array")
      .map((m) => ({ name: m[4], kind: m[2] === "uniform" ? "window" : m[3] === "read_write" ? "write" : "read" }));
  }

  /** Key of a variant: `layer-norm[Elem=f16,WG=128]`; the pipeline cache, traces and tuning tables use it. */
  key(params: KernelParams = {}): string {
    const all = this.resolve(params);
    const parts = Object.keys(all)
      .sort()
      .map((k) => `${k}=${all[k]}`);
    return parts.length > 0 ? `${this.name}[${parts.join(",")}]` : this.name;
  }

  /** The given tunables over the defaults. */
  resolve(params: KernelParams): KernelParams {
    const all: KernelParams = {};
    for (const [key, values] of Object.entries(this.params)) all[key] = values[0];
    for (const [key, value] of Object.entries(params)) {
      if (!(key in this.params))
        throw new KernelError(
          this.name,
          `unknown tunable. Got ${key}. Expected one of ${Object.keys(this.params).join(", ") || "none"}.`,
        );
      all[key] = value;
    }
    return all;
  }

  /** The variants worth checking: those declared, else every combination of the tunables. */
  variants(): KernelParams[] {
    if (this.#listed) return this.#listed().map((it) => this.resolve(it));
    let all: KernelParams[] = [{}];
    for (const [name, values] of Object.entries(this.params))
      all = all.flatMap((some) => values.map((value) => ({ ...some, [name]: value })));
    return all;
  }

  /** Final WGSL of a variant. */
  code(params: KernelParams = {}): string {
    return specialize(this.name, this.source, this.resolve(params));
  }

  /**
   * Encodes one launch.
   * @param tensors bindings by name; a window is a range of its WGSL array's size, from a multiple of 256 bytes
   * @param uniforms values of `struct Params`
   * @param groups workgroups in x, y, z; at most 65,535 each (see {@link spread})
   * @param flops floating-point operations, of kernels that may have so many that the GPU is busy for long (see `piecesOf`)
   * @param _bytes what it reads and writes, where that is little of its tensors: for tools that count, which stand in for this function
   */
  run(
    device: Device,
    tensors: Record<string, Bindable>,
    uniforms: { [K in keyof U]: number },
    groups: readonly [number, number?, number?],
    params: KernelParams = {},
    flops = 0,
    _bytes?: number,
  ): void {
    const [x, y = 1, z = 1] = groups;
    if (x === 0 || y === 0 || z === 0) return;
    const most = device.limits.maxComputeWorkgroupsPerDimension;
    if (x > most || y > most || z > most) {
      throw new KernelError(
        this.name,
        `too many workgroups. Got ${x} x ${y} x ${z}. Expected at most ${most} per dimension.`,
      );
    }
    device.assertUsable();
    const variant = this.#variant(params);
    if (device.pipelines.note(variant)) return;
    const pipeline = device.pipelines.get(variant);
    const bound = new Array<GPUBufferBinding>(this.bindings.length);
    for (let i = 0; i < bound.length; i++) {
      const { name } = this.bindings[i];
      const it = tensors[name];
      if (!it)
        throw new KernelError(
          this.name,
          `binding ${name} is missing. Got ${Object.keys(tensors).join(", ")}. Expected ${this.bindings.map((b) => b.name).join(", ")}.`,
        );
      bound[i] = it.binding;
    }
    device.queue.dispatch(pipeline, bound, (view, offset) => this.#fill(view, offset, uniforms), [x, y, z], flops);
  }

  #fill(view: DataView, offset: number, uniforms: { [K in keyof U]: number }): void {
    for (let i = 0; i < this.#uniformNames.length; i++) {
      const at = offset + i * 4;
      const value = uniforms[this.#uniformNames[i]];
      const type = this.#uniformTypes[i];
      if (type === "f32") view.setFloat32(at, value, true);
      else if (type === "i32") view.setInt32(at, value, true);
      else view.setUint32(at, value, true);
    }
  }

  /** The variant of `params`: keys and text are made once. */
  #variant(params: KernelParams): PipelineSource {
    let given = "";
    for (const name in params) given += `${name}=${params[name]},`;
    const known = this.#variants.get(given);
    if (known) return known;
    const chosen = this.resolve(params);
    const made: PipelineSource = {
      key: this.key(params),
      code: () => this.code(chosen),
      kinds: this.bindings.map((b) => b.kind),
      uniformBytes: this.#uniformBytes,
      choice: () => this.#choice(params, chosen),
    };
    this.#variants.set(given, made);
    return made;
  }

  #choice(given: KernelParams, chosen: KernelParams): string {
    const parts = Object.entries(this.params).map(
      ([name, values]) =>
        `${name} = ${chosen[name]} (${name in given ? "the op's choice" : "default"} of ${values.join(", ")})`,
    );
    return parts.join("; ") || "the only variant";
  }
}

/** Declares a kernel. */
export function defineKernel<const U extends Record<string, UniformType> = Record<never, UniformType>>(
  spec: KernelSpec<U>,
): Kernel<U> {
  return new Kernel(spec);
}

/** Workgroups along an axis that WebGPU promises. */
export const MOST_GROUPS = 65535;

/** Spreads `count` workgroups over x and y; the kernel reads its number as `group.y * groups.x + group.x` and checks the end. */
export function spread(count: number): [number, number] {
  if (count <= MOST_GROUPS) return [count, 1];
  const rows = Math.ceil(count / MOST_GROUPS);
  return [Math.ceil(count / rows), rows];
}
