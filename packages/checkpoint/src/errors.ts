/** What kind of thing went wrong; stable, so that callers can branch on it. */
export type CheckpointErrorCode =
  /** The bytes end before the format says that they do (an interrupted download, usually). */
  | "truncated"
  /** The bytes contradict themselves: checksum, offsets, sizes, syntax. */
  | "corrupt"
  /** A real format or feature that is not read here. */
  | "unsupported"
  /** A pickle asked for something that a state dict does not need; `global` names it. */
  | "forbidden-global"
  /** Honouring the file would take more memory or nesting than a real checkpoint does. */
  | "limit"
  /** No tensor or key of that name. */
  | "not-found"
  /** Names or shapes differ from what was expected. */
  | "mismatch"
  /** The caller's argument is wrong. */
  | "argument"
  /** The byte source itself failed; `cause` is its error. */
  | "io";

const MARKER = Symbol.for("@ama-sam/checkpoint/CheckpointError");

/** The one error class of this package: a message that says what to do, and a `code` to branch on. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
  readonly code: CheckpointErrorCode;
  /** For `forbidden-global`: the refused `module.name`. */
  readonly global?: string;
  readonly [MARKER] = true;

  constructor(code: CheckpointErrorCode, message: string, options: { cause?: unknown; global?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.global !== undefined) this.global = options.global;
  }

  /** True for a CheckpointError of any copy of this package (where `instanceof` fails with two copies). */
  static isInstance(value: unknown): value is CheckpointError {
    return typeof value === "object" && value !== null && (value as { [MARKER]?: unknown })[MARKER] === true;
  }
}

/** A name as it appears in messages: quoted, control characters escaped, cut to a readable length. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 117)}...` : name);
}
