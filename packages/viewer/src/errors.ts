const MARK = Symbol.for("@ama-sam/viewer/ViewerError");

/** A wrong argument: `[function] what is wrong. Got <facts>. Expected <facts>.` */
export class ViewerError extends Error {
  constructor(where: string, what: string, got: string, expected: string) {
    super(`[${where}] ${what}. Got ${got}. Expected ${expected}.`);
    this.name = "ViewerError";
    Object.defineProperty(this, MARK, { value: true });
  }

  static isInstance(value: unknown): value is ViewerError {
    return typeof value === "object" && value !== null && MARK in value;
  }
}
