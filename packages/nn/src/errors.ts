/** A model and a state dict, or a model and its options, that do not fit together. */
export class ModuleError extends Error {
  /** The public function that complains. */
  readonly op: string;

  constructor(op: string, message: string, options?: ErrorOptions) {
    super(`[${op}] ${message}`, options);
    this.name = "ModuleError";
    this.op = op;
    Object.defineProperty(this, Symbol.for("@ama-sam/nn/ModuleError"), { value: true });
  }

  static isInstance(value: unknown): value is ModuleError {
    return typeof value === "object" && value !== null && Symbol.for("@ama-sam/nn/ModuleError") in value;
  }
}
