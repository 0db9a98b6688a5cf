/** A prompt or an embedding that the decoder cannot take. */
export class DecoderError extends Error {
  /** The public function that complains. */
  readonly op: string;

  constructor(op: string, message: string) {
    super(`[${op}] ${message}`);
    this.name = "DecoderError";
    this.op = op;
    Object.defineProperty(this, Symbol.for("@ama-sam/sam-decoder/DecoderError"), { value: true });
  }

  static isInstance(value: unknown): value is DecoderError {
    return typeof value === "object" && value !== null && Symbol.for("@ama-sam/sam-decoder/DecoderError") in value;
  }
}
