/** Slices or features that do not fit together. */
export class HrDecoderError extends Error {
  /** The public function that complains. */
  readonly op: string;

  constructor(op: string, message: string) {
    super(`[${op}] ${message}`);
    this.name = "HrDecoderError";
    this.op = op;
    Object.defineProperty(this, Symbol.for("@ama-sam/hr-decoder/HrDecoderError"), { value: true });
  }

  static isInstance(value: unknown): value is HrDecoderError {
    return typeof value === "object" && value !== null && Symbol.for("@ama-sam/hr-decoder/HrDecoderError") in value;
  }
}
