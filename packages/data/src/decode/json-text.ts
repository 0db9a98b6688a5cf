import { decodeError, type Where } from "./errors";
import { firstBytes } from "./sniff";

/** How much a JSON text may make the parser build. */
export interface JsonLimits {
  /** Most brackets, commas and colons outside of strings. */
  maxValues: number;
  /** Most brackets open at once. */
  maxDepth: number;
}

/**
 * Parses UTF-8 JSON whose outermost value is an object or a list. Counts its values first: a hostile text of 100 MB
 * would become gigabytes. Throws DecodeError `wrong-format` for another kind of file, `corrupt` for broken text or one
 * that is nested too deeply, `too-large` over `maxValues`.
 */
export function parseJsonText(where: Where, bytes: Uint8Array, limits: JsonLimits): unknown {
  if (!looksLikeJson(bytes)) {
    throw decodeError(where, "wrong-format", {
      what: "this is no JSON",
      got: firstBytes(bytes),
      expected: "{ or [ at its start",
    });
  }
  checkShape(where, bytes, limits);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw decodeError(where, "corrupt", { what: "the text is no UTF-8", cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw decodeError(where, "corrupt", { what: "broken JSON", got: String(cause).slice(0, 200), cause });
  }
}

/** Byte-order mark, white space, then `{` or `[`. */
function looksLikeJson(bytes: Uint8Array): boolean {
  let i = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (bytes[i] === 0x20 || bytes[i] === 0x0a || bytes[i] === 0x0d || bytes[i] === 0x09) i++;
  return bytes[i] === 0x7b || bytes[i] === 0x5b;
}

/** Up to its first fault the text is read as the parser reads it, so that nothing larger is ever built. */
function checkShape(where: Where, bytes: Uint8Array, { maxValues, maxDepth }: JsonLimits): void {
  let depth = 0;
  let values = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 0x22) i = endOfString(bytes, i + 1);
    else if (byte === 0x5d || byte === 0x7d) depth--;
    else if (byte === 0x2c || byte === 0x3a) values++;
    else if (byte === 0x5b || byte === 0x7b) {
      values++;
      if (++depth > maxDepth)
        throw decodeError(where, "corrupt", { what: `values nested deeper than ${maxDepth} at byte ${i}` });
    }
    if (values > maxValues) {
      throw decodeError(where, "too-large", {
        what: `more than ${maxValues} values`,
        hint: "Raise maxValues if this is meant",
      });
    }
  }
}

/** Index of the closing quote of the string whose first character is at `from`, or the end of the text. */
function endOfString(bytes: Uint8Array, from: number): number {
  let i = from;
  while (i < bytes.length && bytes[i] !== 0x22) i += bytes[i] === 0x5c ? 2 : 1;
  return i;
}
