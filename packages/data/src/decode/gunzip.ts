import { crc32 } from "./crc32";
import { decodeError, type Where } from "./errors";
import { inflateRawExactly, MAX_DEFLATE_RATIO } from "./inflate";

/** Fixed part of the header, and the checksum and length at the end (RFC 1952). */
const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;

/** True for the first two bytes of a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks a gzip file of one member. The length at its end is believed up to `maxBytes`; its checksum must fit.
 * Throws DecodeError `truncated`, `corrupt`, `unsupported`, or `too-large` over `maxBytes`.
 */
export function gunzip(where: Where, bytes: Uint8Array, maxBytes: number): Uint8Array {
  const start = headerLength(where, bytes);
  const end = bytes.length - TRAILER_BYTES;
  if (end < start) throw decodeError(where, "truncated", { what: "the gzip file ends too early" });
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, TRAILER_BYTES);
  const [sum, length] = [trailer.getUint32(0, true), trailer.getUint32(4, true)];
  // In a cut file the length is any number: one that these bytes cannot hold is refused below as what it is.
  if (length > maxBytes && length <= bytes.length * MAX_DEFLATE_RATIO) {
    throw decodeError(where, "too-large", {
      what: "the unpacked file is too long",
      got: `${length} bytes`,
      expected: `at most ${maxBytes}`,
      hint: "Or the gzip file was cut",
    });
  }
  const out = inflateRawExactly(where, bytes.subarray(start, end), length);
  if (crc32(out) !== sum) {
    throw decodeError(where, "corrupt", {
      what: "the gzip file has another checksum",
      got: crc32(out).toString(16),
      expected: sum.toString(16),
      hint: "It is damaged, or several gzip files in one",
    });
  }
  return out;
}

/** Where the compressed data begin: behind the fixed header and the optional fields that its flags name. */
function headerLength(where: Where, bytes: Uint8Array): number {
  if (bytes.length < HEADER_BYTES) throw decodeError(where, "truncated", { what: "the gzip header ends too early" });
  const flags = bytes[3]!;
  if (!isGzip(bytes) || bytes[2] !== 8 || (flags & 0xe0) !== 0) {
    throw decodeError(where, "unsupported", {
      what: "a gzip header of another kind",
      got: `method ${bytes[2]}, flags ${flags}`,
      expected: "method 8 (deflate), flags below 32",
    });
  }
  let at = HEADER_BYTES;
  // FEXTRA, FNAME, FCOMMENT, FHCRC. A length past the end is found by the caller.
  if (flags & 4) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  if (flags & 8) at = afterZero(bytes, at);
  if (flags & 16) at = afterZero(bytes, at);
  if (flags & 2) at += 2;
  return at;
}

function afterZero(bytes: Uint8Array, from: number): number {
  const zero = bytes.indexOf(0, from);
  return zero < 0 ? bytes.length : zero + 1;
}
