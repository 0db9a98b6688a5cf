const MARKER = Symbol.for("@ama-sam/instances/InstancesError");

/**
 * The one error class of this package: an input, a file or an option that no result could be made from.
 * The message reads `[functionName] what is wrong. Got <facts>. Expected <facts>.`
 */
export class InstancesError extends Error {
  readonly [MARKER] = true;

  constructor(
    where: string,
    what: string,
    got: string,
    expected: string,
    hint?: string,
    options?: { cause?: unknown },
  ) {
    super(`[${where}] ${what}. Got ${got}. Expected ${expected}.${hint ? ` ${hint}` : ""}`, options);
    this.name = "InstancesError";
  }

  /** True for an `InstancesError` of any copy of this package, where `instanceof` knows only its own. */
  static isInstance(value: unknown): value is InstancesError {
    return typeof value === "object" && value !== null && (value as { [MARKER]?: unknown })[MARKER] === true;
  }
}
