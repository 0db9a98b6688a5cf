/**
 * The five error classes of the core. Every message reads `[op] what is wrong. Got <facts>. Expected <facts>. <hint>`.
 *
 * Each class carries a `Symbol.for` marker, because `instanceof` fails across two copies of a package: use `isInstance`.
 */
abstract class TensorError extends Error {
  /** The public function that complains. */
  readonly op: string;

  constructor(kind: string, op: string, message: string, options?: ErrorOptions) {
    super(`[${op}] ${message}`, options);
    this.name = kind;
    this.op = op;
    Object.defineProperty(this, Symbol.for(`@ama-sam/tensor/${kind}`), { value: true });
  }
}

function isMarked(kind: string, value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.for(`@ama-sam/tensor/${kind}`) in value;
}

/** Shapes, ranks or sizes that do not go together. */
export class ShapeError extends TensorError {
  constructor(op: string, message: string, options?: ErrorOptions) {
    super("ShapeError", op, message, options);
  }

  static isInstance(value: unknown): value is ShapeError {
    return isMarked("ShapeError", value);
  }
}

/** A wrong element type, or a value that its type cannot hold. */
export class DTypeError extends TensorError {
  constructor(op: string, message: string, options?: ErrorOptions) {
    super("DTypeError", op, message, options);
  }

  static isInstance(value: unknown): value is DTypeError {
    return isMarked("DTypeError", value);
  }
}

/** A tensor used after it was freed, on another device, or in a graph that backward has already consumed. */
export class LifetimeError extends TensorError {
  constructor(op: string, message: string, options?: ErrorOptions) {
    super("LifetimeError", op, message, options);
  }

  static isInstance(value: unknown): value is LifetimeError {
    return isMarked("LifetimeError", value);
  }
}

/** A kernel that does not compile, gets wrong bindings, or writes what it must not (NaN under `TENSOR_NAN`). */
export class KernelError extends TensorError {
  constructor(op: string, message: string, options?: ErrorOptions) {
    super("KernelError", op, message, options);
  }

  static isInstance(value: unknown): value is KernelError {
    return isMarked("KernelError", value);
  }
}

/** What went wrong with a device: `limit` a size beyond the adapter, `lost`, `out-of-memory`, `validation`, `unavailable`. */
export type DeviceErrorReason = "limit" | "lost" | "out-of-memory" | "validation" | "internal" | "unavailable";

/** The adapter or device cannot do this, ran out of memory, or is gone. */
export class DeviceError extends TensorError {
  readonly reason: DeviceErrorReason;

  constructor(op: string, reason: DeviceErrorReason, message: string, options?: ErrorOptions) {
    super("DeviceError", op, message, options);
    this.reason = reason;
  }

  static isInstance(value: unknown): value is DeviceError {
    return isMarked("DeviceError", value);
  }
}
