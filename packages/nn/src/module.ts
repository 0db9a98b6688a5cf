import { type Device, empty, type Shape, type Tensor } from "@ama-sam/tensor";
import { ModuleError } from "./errors";
import { NO_DEVICE, shapeOnly } from "./no-device";
import { Generator } from "./random";

/** How a new parameter gets its values. */
export type Init =
  | { kind: "zeros" }
  | { kind: "ones" }
  | { kind: "normal"; deviation: number }
  | { kind: "uniform"; bound: number };

/** Options of {@link Build}. */
export interface BuildOptions {
  /** Seed of the initial weights. Default 0. */
  seed?: number;
  /** `random` (default) as PyTorch initialises; `none` leaves weights undefined, for a model that is loaded next. */
  init?: "random" | "none";
  /**
   * Whether the product weight of that name (of a Linear, Conv2d or ConvTranspose2d) is stored in f16: half the memory for weights
   * that stay frozen. Only on adapters with `shader-f16` (`device.abilities.f16`): elsewhere it is a DTypeError. Default: none.
   */
  half?: (name: string) => boolean;
}

/** Where a model is built: device, seed, and the path of names. Passed down through constructors. */
export class Build {
  readonly device: Device;
  readonly generator: Generator;
  readonly init: "random" | "none";
  readonly half: (name: string) => boolean;
  readonly path: string;

  constructor(device: Device, options: BuildOptions = {}, path = "", generator = new Generator(options.seed ?? 0)) {
    this.device = device;
    this.generator = generator;
    this.init = options.init ?? "random";
    this.half = options.half ?? (() => false);
    this.path = path;
  }

  /** The build of a child module. */
  at(name: string): Build {
    return new Build(this.device, this, this.path ? `${this.path}.${name}` : name, this.generator);
  }

  /** Makes a kept tensor with initial values; `product` weights may be stored in f16. */
  make(name: string, shape: Shape, init: Init, product = false): Tensor {
    const full = this.path ? `${this.path}.${name}` : name;
    if (this.device === NO_DEVICE) return shapeOnly(shape, full);
    const dtype = product && this.half(full) ? "f16" : "f32";
    const made = empty(this.device, shape, { tag: "params", name: full, dtype }).keep();
    if (init.kind === "zeros" || init.kind === "ones")
      made.write(new Float32Array(made.size).fill(init.kind === "ones" ? 1 : 0));
    else if (this.init === "random") {
      made.write(
        init.kind === "normal"
          ? this.generator.normal(full, made.size, init.deviation)
          : this.generator.uniform(full, made.size, -init.bound, init.bound),
      );
    }
    return made;
  }
}

/**
 * A part of a model: named parameters, buffers and child modules, in the order of their registration.
 *
 * Names are the state dict's (SAM's and PyTorch's), so checkpoints move unchanged. Parameters start trainable.
 */
export class Module {
  readonly device: Device;
  readonly #build: Build;
  readonly #parameters = new Map<string, Tensor>();
  readonly #buffers = new Map<string, Tensor>();
  readonly #children = new Map<string, Module>();

  constructor(build: Build) {
    this.device = build.device;
    this.#build = build;
  }

  /**
   * Registers a parameter: part of the state dict, trainable until frozen.
   * @param product whether it only ever is the weight of a product (linear, conv2d, convTranspose2d), which may be f16
   */
  protected parameter(name: string, shape: Shape, init: Init, product = false): Tensor {
    this.#claim(name);
    const made = this.#build.make(name, shape, init, product);
    made.requiresGrad = true;
    this.#parameters.set(name, made);
    return made;
  }

  /** Registers a constant: part of the state dict, never trained. */
  protected buffer(name: string, shape: Shape, init: Init): Tensor {
    this.#claim(name);
    const made = this.#build.make(name, shape, init);
    this.#buffers.set(name, made);
    return made;
  }

  /** Registers and returns a child module. */
  protected child<T extends Module>(name: string, make: (build: Build) => T): T {
    this.#claim(name);
    const made = make(this.#build.at(name));
    this.#children.set(name, made);
    return made;
  }

  /** Refuses a name that is taken: its first owner would be neither trained nor saved. */
  #claim(name: string): void {
    if (this.#parameters.has(name) || this.#buffers.has(name) || this.#children.has(name))
      throw new ModuleError(
        this.constructor.name,
        `the name ${name} is taken. Got a second part of that name. Expected names that differ among a module's parameters, buffers and children.`,
      );
  }

  /** Registers children under `name.0`, `name.1`, ... */
  protected list<T extends Module>(name: string, count: number, make: (build: Build, index: number) => T): T[] {
    return Array.from({ length: count }, (_, i) => this.child(`${name}.${i}`, (build) => make(build, i)));
  }

  /** Direct children by name. */
  get children(): ReadonlyMap<string, Module> {
    return this.#children;
  }

  /** Parameters of this module and its children by full name. */
  namedParameters(prefix = ""): Map<string, Tensor> {
    return this.#named(prefix, true, false);
  }

  /** Parameters and buffers by full name: PyTorch's `state_dict`. */
  stateDict(prefix = ""): Map<string, Tensor> {
    return this.#named(prefix, true, true);
  }

  /** Parameters with `requiresGrad`. */
  trainable(): Map<string, Tensor> {
    return new Map([...this.namedParameters()].filter(([, p]) => p.requiresGrad));
  }

  /** Sets `requiresGrad` of every parameter below. */
  requiresGrad(on: boolean): this {
    for (const p of this.namedParameters().values()) p.requiresGrad = on;
    return this;
  }

  /**
   * Overwrites parameters and buffers in place.
   * @throws ModuleError for a name that the module does not have or a wrong count of values.
   */
  write(name: string, values: ArrayLike<number>): void {
    const into = this.stateDict().get(name);
    if (!into)
      throw new ModuleError(
        "write",
        `no parameter of that name. Got ${name}. Expected one of ${this.stateDict().size} names, such as ${[...this.stateDict().keys()][0]}.`,
      );
    into.write(values);
  }

  /** Frees every parameter and buffer. */
  dispose(): void {
    for (const t of this.stateDict().values()) {
      t.grad?.dispose();
      t.dispose();
    }
  }

  #named(prefix: string, parameters: boolean, buffers: boolean): Map<string, Tensor> {
    const at = (name: string) => (prefix ? `${prefix}.${name}` : name);
    const out = new Map<string, Tensor>();
    if (parameters) for (const [name, t] of this.#parameters) out.set(at(name), t);
    if (buffers) for (const [name, t] of this.#buffers) out.set(at(name), t);
    for (const [name, child] of this.#children)
      for (const [full, t] of child.#named(at(name), parameters, buffers)) out.set(full, t);
    return out;
  }
}
