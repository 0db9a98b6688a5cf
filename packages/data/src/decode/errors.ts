const MARKER: unique symbol = Symbol.for("@ama-sam/data/DecodeError");

/**
 * Why a file was refused: `truncated` (ends too early), `corrupt` (contradicts itself or its checksum), `unsupported`
 * (valid, but a variant that is not read), `too-large` (over the pixel or byte limit), `not-an-image` and
 * `wrong-format` (another kind of file).
 */
export type DecodeErrorCode = "truncated" | "corrupt" | "unsupported" | "too-large" | "not-an-image" | "wrong-format";

/** The only error that the decoders throw for bad bytes; `code` says which kind. */
export class DecodeError extends Error {
  readonly code: DecodeErrorCode;
  readonly [MARKER] = true;

  constructor(code: DecodeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DecodeError";
    this.code = code;
  }

  /** Works across several copies of this package, where `instanceof` does not. */
  static isInstance(value: unknown): value is DecodeError {
    return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[MARKER] === true;
  }
}

/** Where an error arises: the public function and, if known, the file. */
export interface Where {
  fn: string;
  name?: string;
}

/** The parts of one message: `[fn] what (file). Got got. Expected expected. hint`. */
export interface Complaint {
  what: string;
  got?: string;
  expected?: string;
  hint?: string;
  cause?: unknown;
}

/** Builds the error in the wording that the whole project uses. */
export function decodeError(where: Where, code: DecodeErrorCode, complaint: Complaint): DecodeError {
  const { what, got, expected, hint, cause } = complaint;
  const parts = [`[${where.fn}] ${what}${where.name ? ` in ${where.name}` : ""}.`];
  if (got) parts.push(`Got ${got}.`);
  if (expected) parts.push(`Expected ${expected}.`);
  if (hint) parts.push(hint.endsWith(".") ? hint : `${hint}.`);
  return new DecodeError(code, parts.join(" "), cause === undefined ? undefined : { cause });
}

/** Turns whatever a third-party decoder threw into a DecodeError; typed errors pass through. */
export function wrapForeign(where: Where, what: string, error: unknown): DecodeError {
  if (DecodeError.isInstance(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return decodeError(where, "corrupt", { what, got: `"${message.slice(0, 200)}" from the decoder`, cause: error });
}
