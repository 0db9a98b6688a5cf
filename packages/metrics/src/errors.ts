const MARKER = Symbol.for("@ama-sam/metrics/MetricsError");

/**
 * The one error class of this package: an input that no metric or test could be computed from.
 * The message reads `[functionName] what is wrong. Got <facts>. Expected <facts>.`
 */
export class MetricsError extends Error {
  readonly [MARKER] = true;

  constructor(where: string, what: string, got: string, expected: string, hint?: string) {
    super(`[${where}] ${what}. Got ${got}. Expected ${expected}.${hint ? ` ${hint}` : ""}`);
    this.name = "MetricsError";
  }

  /** True for a `MetricsError` of any copy of this package, where `instanceof` knows only its own. */
  static isInstance(value: unknown): value is MetricsError {
    return typeof value === "object" && value !== null && (value as { [MARKER]?: unknown })[MARKER] === true;
  }
}
