/** A configuration, input or file that AMA-SAM cannot work with. */
export class AmaSamError extends Error {
  /** The public function that complains. */
  readonly op: string;
  /** `not-finite`: the input was fine, but the model computes NaN or infinity. */
  readonly reason: "not-finite" | undefined;

  constructor(op: string, message: string, options: ErrorOptions & { reason?: "not-finite" } = {}) {
    super(`[${op}] ${message}`, options);
    this.name = "AmaSamError";
    this.op = op;
    this.reason = options.reason;
    Object.defineProperty(this, Symbol.for("ama-sam/AmaSamError"), { value: true });
  }

  static isInstance(value: unknown): value is AmaSamError {
    return typeof value === "object" && value !== null && Symbol.for("ama-sam/AmaSamError") in value;
  }
}
