/** An embedding that the prompt generator cannot take. */
export class SpgenError extends Error {
  /** The public function that complains. */
  readonly op: string;

  constructor(op: string, message: string) {
    super(`[${op}] ${message}`);
    this.name = "SpgenError";
    this.op = op;
    Object.defineProperty(this, Symbol.for("@ama-sam/spgen/SpgenError"), { value: true });
  }

  static isInstance(value: unknown): value is SpgenError {
    return typeof value === "object" && value !== null && Symbol.for("@ama-sam/spgen/SpgenError") in value;
  }
}
