/** A configuration or an input that the image encoder cannot take. */
export class EncoderError extends Error {
  /** The public function that complains. */
  readonly op: string;

  constructor(op: string, message: string) {
    super(`[${op}] ${message}`);
    this.name = "EncoderError";
    this.op = op;
    Object.defineProperty(this, Symbol.for("@ama-sam/sam-encoder/EncoderError"), { value: true });
  }

  static isInstance(value: unknown): value is EncoderError {
    return typeof value === "object" && value !== null && Symbol.for("@ama-sam/sam-encoder/EncoderError") in value;
  }
}
