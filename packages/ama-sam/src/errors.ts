/** A configuration, input or file that AMA-SAM cannot work with. */
export class AmaSamError extends Error {
  /** The public function that complains. */
  readonly op: string;

  constructor(op: string, message: string, options?: ErrorOptions) {
    super(`[${op}] ${message}`, options);
    this.name = "AmaSamError";
    this.op = op;
    Object.defineProperty(this, Symbol.for("ama-sam/AmaSamError"), { value: true });
  }

  static isInstance(value: unknown): value is AmaSamError {
    return typeof value === "object" && value !== null && Symbol.for("ama-sam/AmaSamError") in value;
  }
}
