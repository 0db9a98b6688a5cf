/** What went wrong, for programs; the message says it for people. */
export type DataErrorCode =
  | "ambiguous-format"
  | "bad-argument"
  | "bad-manifest"
  | "bad-split"
  | "checksum"
  | "missing-file"
  | "no-annotation"
  | "odd-channels"
  | "odd-values"
  | "size-mismatch"
  | "undecodable"
  | "unknown-format";

const marker = Symbol.for("@ama-sam/data/DataError");

/** Every error that this package's data-set, split, sample and sampler code throws; `code` is stable, `path` names the file where there is one. */
export class DataError extends Error {
  override readonly name = "DataError";
  readonly [marker] = true;

  constructor(
    readonly code: DataErrorCode,
    message: string,
    options: { path?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.path = options.path;
  }

  readonly path: string | undefined;

  /** True for a DataError of any copy of this package (`instanceof` fails where two copies are installed). */
  static isInstance(value: unknown): value is DataError {
    return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[marker] === true;
  }
}
