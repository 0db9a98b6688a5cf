import type { Block } from "../device/buffers";
import type { Device } from "../device/device";
import { DTypeError, LifetimeError, ShapeError } from "../errors";
import { BYTES, type DataOf, type DType, fromHalf, toHalf } from "./dtype";
import { closeScope, dropScope, openScope, own, type Scope } from "./lifetime";
import { type Shape, show, sizeOf } from "./shape";

/** Bytes shared by a tensor and its views; freed with the last of them. */
export interface Storage {
  readonly device: Device;
  readonly block: Block;
  refs: number;
}

/** A place in the graph that made a tensor; see `autograd/tape.ts`. */
export interface GraphNode {
  readonly op: string;
  readonly seq: number;
  readonly consumed: boolean;
  /** The tensor, or a later node, needs it no more. */
  letGo(): void;
}

/** Options of {@link tensor}, {@link zeros} and friends. */
export interface TensorOptions {
  dtype?: DType;
  /** For the memory report: `params`, `grads`, `optimiser`, `activations` (default). */
  tag?: string;
  /** A leaf whose `.grad` backward fills. */
  requiresGrad?: boolean;
  /** For error messages. */
  name?: string;
}

/** An n-dimensional array on the device: contiguous, row-major. Ops are functions (`add(a, b)`), not methods. */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly device: Device;
  /** For error messages. */
  name: string | null = null;
  /** Whether gradients flow into or through this tensor. */
  requiresGrad = false;
  /** Gradient of a leaf after `backward`; adds up until `zeroGrad`. */
  grad: Tensor | null = null;
  /** @internal Node that made it; null for a leaf. */
  node: GraphNode | null = null;
  /** @internal Scope that owns it. */
  scope: Scope | null;
  #storage: Storage | null;
  #freedBy = "";

  /** @internal Use {@link tensor}, {@link zeros} or {@link empty}. */
  constructor(storage: Storage, shape: Shape, dtype: DType, owned = true) {
    this.#storage = storage;
    this.device = storage.device;
    this.shape = shape;
    this.dtype = dtype;
    storage.refs++;
    this.scope = owned ? own(this.device, this) : null;
  }

  /** Elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  get bytes(): number {
    return this.size * BYTES[this.dtype];
  }

  get isDisposed(): boolean {
    return this.#storage === null;
  }

  /** @internal */
  get storage(): Storage {
    return this.#storage ?? this.#gone("tensor");
  }

  /** The whole tensor as a kernel's binding; vec4 views may read up to 12 bytes past the end, which the buffer has. */
  get binding(): GPUBufferBinding {
    const { buffer } = this.#usable("tensor");
    return { buffer, offset: 0, size: Math.max(16, Math.ceil(this.bytes / 16) * 16) };
  }

  /** @throws DeviceError (`lost`, or `out-of-memory` when the adapter never gave these bytes); LifetimeError */
  #usable(op: string): Block {
    if (!this.#storage) this.#gone(op);
    const { block, device } = this.#storage;
    device.assertUsable();
    if (block.slot.failed) throw block.slot.failed;
    return block;
  }

  /** Throws LifetimeError in the name of `op` when the tensor was freed. */
  assertAlive(op: string, argument: string): void {
    if (!this.#storage) this.#gone(op, argument);
  }

  /** Frees the tensor and its `.grad` now. Its bytes go back to the pool once views and the graph let go too. */
  dispose(by = "dispose()"): void {
    if (!this.#storage) return;
    this.grad?.dispose(by);
    this.scope?.owned.delete(this);
    this.scope = null;
    release(this.#storage);
    this.#storage = null;
    this.#freedBy = by;
    this.node?.letGo();
  }

  /** Takes the tensor out of every scope: it lives until `dispose()`. */
  keep(): this {
    this.assertAlive("keep", "this");
    this.scope?.owned.delete(this);
    this.scope = null;
    return this;
  }

  /** A second handle on the same bytes, without a graph; an open scope owns it as it owns any new tensor. */
  detach(): Tensor {
    return new Tensor(this.storage, this.shape, this.dtype);
  }

  /** @internal A handle that no scope owns. */
  hold(): Tensor {
    return new Tensor(this.storage, this.shape, this.dtype, false);
  }

  /** @internal True when this handle is the only user of its bytes. */
  get exclusive(): boolean {
    return this.storage.refs === 1;
  }

  /**
   * Reads the values back, whatever the type, as f32: whole numbers beyond 2^24 are rounded ({@link rawData} gives them as stored).
   * @throws whatever went wrong on the device since the last await.
   */
  async data(): Promise<Float32Array<ArrayBuffer>> {
    const raw = await this.rawData();
    if (raw instanceof Uint16Array) return Float32Array.from(raw, fromHalf);
    return raw instanceof Float32Array ? raw : Float32Array.from(raw);
  }

  /** Reads the stored elements back: f16 as its bits. */
  async rawData(): Promise<DataOf[DType]> {
    this.assertAlive("data", "this");
    const bytes = await this.device.queue.read(this.#usable("data").buffer, this.bytes, "data");
    if (this.dtype === "f16") return new Uint16Array(bytes);
    if (this.dtype === "i32") return new Int32Array(bytes);
    return this.dtype === "u32" ? new Uint32Array(bytes) : new Float32Array(bytes);
  }

  /** The value of a tensor with one element. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new ShapeError("item", `more than one element. Got ${show(this.shape)}. Expected a scalar.`);
    return (await this.data())[0];
  }

  /** Overwrites the values in place, after all work started before. */
  write(values: ArrayLike<number>): void {
    this.assertAlive("write", "this");
    if (values.length !== this.size) {
      throw new ShapeError(
        "write",
        `wrong number of values. Got ${values.length}. Expected ${this.size} for ${show(this.shape)}.`,
      );
    }
    const { buffer } = this.#usable("write");
    if (values.length > 0) this.device.queue.write(buffer, encode(values, this.dtype));
  }

  toString(): string {
    return `Tensor(${this.name ? `${this.name} ` : ""}${show(this.shape)} ${this.dtype}${this.requiresGrad ? " requiresGrad" : ""}${this.isDisposed ? " freed" : ""})`;
  }

  #gone(op: string, argument = "tensor"): never {
    throw new LifetimeError(
      op,
      `${argument} was freed by ${this.#freedBy}. Got ${this.name ?? "a tensor"} ${show(this.shape)}. Return it from the scope, or call keep() on it.`,
    );
  }
}

function release(storage: Storage): void {
  if (--storage.refs === 0) storage.device.buffers.give(storage.block);
}

function encode(values: ArrayLike<number>, dtype: DType): ArrayBufferView {
  if (dtype === "f32") return values instanceof Float32Array ? values : Float32Array.from(values);
  if (dtype === "i32") return values instanceof Int32Array ? values : Int32Array.from(values);
  if (dtype === "u32") return values instanceof Uint32Array ? values : Uint32Array.from(values);
  return values instanceof Uint16Array ? values : Uint16Array.from(values as ArrayLike<number>, toHalf);
}

function allocate(asked: string, device: Device, shape: Shape, options: TensorOptions): Tensor {
  device.assertUsable();
  const op = device.activity.op || asked;
  for (const d of shape) {
    if (!Number.isInteger(d) || d < 0)
      throw new ShapeError(op, `a size is not a whole number. Got ${show(shape)}. Expected whole numbers >= 0.`);
  }
  const { dtype = "f32", tag = device.activity.tag, requiresGrad = false, name = null } = options;
  if (requiresGrad && (dtype === "i32" || dtype === "u32"))
    throw new DTypeError(op, `integers carry no gradient. Got requiresGrad with ${dtype}. Expected f32.`);
  if (dtype === "f16" && !device.abilities.f16) {
    throw new DTypeError(
      op,
      `this adapter has no f16. Got ${device.info.name}. Expected the feature shader-f16; use f32.`,
    );
  }
  const block = device.buffers.take(sizeOf(shape) * BYTES[dtype], tag, op, name ?? "a tensor", shape);
  const made = new Tensor({ device, block, refs: 0 }, [...shape], dtype);
  made.requiresGrad = requiresGrad;
  made.name = name;
  return made;
}

/**
 * A tensor with undefined contents; every element must be written before it is read.
 * @throws ShapeError for sizes that are no whole numbers; DTypeError for f16 where the adapter has none; DeviceError
 * (`limit`) for a tensor that the adapter cannot hold or bind
 */
export function empty(device: Device, shape: Shape, options: TensorOptions = {}): Tensor {
  return allocate("empty", device, shape, options);
}

/**
 * A tensor from numbers, row-major; a `Uint16Array` with dtype f16 is taken as half-precision bits.
 * @throws ShapeError when the count differs from the shape.
 */
export function tensor(
  device: Device,
  values: ArrayLike<number>,
  shape: Shape = [values.length],
  options: TensorOptions = {},
): Tensor {
  if (values.length !== sizeOf(shape)) {
    throw new ShapeError(
      "tensor",
      `values and shape differ. Got ${values.length} values for ${show(shape)}. Expected ${sizeOf(shape)}.`,
    );
  }
  const made = allocate("tensor", device, shape, options);
  made.write(values);
  return made;
}

/** A tensor of zeros. */
export function zeros(device: Device, shape: Shape, options: TensorOptions = {}): Tensor {
  const made = allocate("zeros", device, shape, options);
  device.queue.clear(made.storage.block.buffer, made.bytes);
  return made;
}

type Escaping = unknown;

function collect(value: Escaping, into: Tensor[]): Tensor[] {
  if (value instanceof Tensor) into.push(value);
  else if (Array.isArray(value)) for (const v of value) collect(v, into);
  else if (value && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    for (const v of Object.values(value)) collect(v, into);
  }
  return into;
}

/**
 * Runs `fn` and frees every tensor made in it, but those that it returns (alone, in arrays or in plain objects) and those
 * that the graph still needs. `fn` may be asynchronous; scopes of one device nest and do not overlap, and while an asynchronous
 * one waits, tensors that other code makes on the device are its own too: where work runs side by side, return the tensor from a
 * synchronous scope, await its data outside, then dispose it.
 */
export function scope<T>(device: Device, name: string, fn: () => T): T {
  const opened = openScope(device, name);
  let result: T;
  try {
    result = fn();
  } catch (error) {
    dropScope(device, opened);
    throw error;
  }
  if (result instanceof Promise) {
    return result.then(
      (value) => {
        closeScope(device, opened, collect(value, []));
        return value;
      },
      (error) => {
        dropScope(device, opened);
        throw error;
      },
    ) as T;
  }
  closeScope(device, opened, collect(result, []));
  return result;
}
