/** Flags, weights or features that the domain branch cannot take. */
export class CgrlError extends Error {
  /** The public function that complains. */
  readonly op: string;

  constructor(op: string, message: string) {
    super(`[${op}] ${message}`);
    this.name = "CgrlError";
    this.op = op;
    Object.defineProperty(this, Symbol.for("@ama-sam/cgrl/CgrlError"), { value: true });
  }

  static isInstance(value: unknown): value is CgrlError {
    return typeof value === "object" && value !== null && Symbol.for("@ama-sam/cgrl/CgrlError") in value;
  }
}
