const MARKER = Symbol.for("@ama-sam/dawn/AdapterError");

/** Why no adapter could be opened. */
export type AdapterErrorReason =
  /** Wrong or contradicting options. */
  | "options"
  /** Nothing on this machine answers the request. */
  | "not-found"
  /** Dawn has no build for this platform, or its library does not load. */
  | "unsupported"
  /** The bundled software adapter is missing, damaged, or cannot be unpacked or loaded. */
  | "bundle";

/** No GPU adapter as asked for. The message names what this machine offers. Use `isInstance` across copies of the package. */
export class AdapterError extends Error {
  override readonly name = "AdapterError";
  readonly reason: AdapterErrorReason;
  /** Names of the adapters that could have been had. */
  readonly available: readonly string[];

  constructor(
    where: string,
    reason: AdapterErrorReason,
    message: string,
    available: readonly string[] = [],
    cause?: unknown,
  ) {
    super(`[${where}] ${message}`, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.available = available;
    Object.defineProperty(this, MARKER, { value: true });
  }

  static isInstance(value: unknown): value is AdapterError {
    return typeof value === "object" && value !== null && MARKER in value;
  }
}
