import { Inflate, inflateSync } from "fflate";
import { decodeError, type Where, wrapForeign } from "./errors";

/** Deflate cannot expand by more than this (258 bytes from two bits), so a larger claim is refused unread. */
export const MAX_DEFLATE_RATIO = 1032;

/** Small pushes bound what fflate may buffer at once: 8 KiB in, about 8 MiB out. */
const PUSH_BYTES = 8192;

class Enough extends Error {}

/** Checks the two zlib header bytes (RFC 1950). */
function checkZlibHeader(where: Where, cmf: number | undefined, flags: number | undefined): void {
  if (cmf === undefined || flags === undefined) {
    throw decodeError(where, "truncated", { what: "compressed data ends inside its header" });
  }
  if ((cmf & 15) !== 8 || cmf >> 4 > 7 || (cmf * 256 + flags) % 31 !== 0 || (flags & 32) !== 0) {
    const got = `${cmf.toString(16).padStart(2, "0")} ${flags.toString(16).padStart(2, "0")}`;
    throw decodeError(where, "corrupt", { what: "bad zlib header", got, expected: "deflate without a dictionary" });
  }
}

/**
 * Feeds a zlib stream, header included, through `sink` until it ends or the sink returns false.
 * Throws DecodeError `truncated` or `corrupt`; the Adler-32 checksum is not part of the stream read here.
 */
export function inflateStream(where: Where, source: Uint8Array, sink: (out: Uint8Array) => boolean): void {
  checkZlibHeader(where, source[0], source[1]);
  inflateRawStream(where, source.subarray(2), sink);
}

/** `inflateStream` for deflate data without a header (RFC 1951). */
function inflateRawStream(where: Where, source: Uint8Array, sink: (out: Uint8Array) => boolean): void {
  const stream = new Inflate((out) => {
    if (out.length > 0 && !sink(out)) throw new Enough();
  });
  try {
    for (let start = 0; start < source.length; start += PUSH_BYTES) {
      stream.push(source.subarray(start, Math.min(start + PUSH_BYTES, source.length)), false);
    }
    stream.push(new Uint8Array(0), true);
  } catch (error) {
    if (error instanceof Enough) return;
    // fflate's code 0: the input ended inside a block.
    if ((error as { code?: unknown }).code === 0) {
      throw decodeError(where, "truncated", { what: "compressed data ends too early", cause: error });
    }
    throw wrapForeign(where, "compressed data cannot be read", error);
  }
}

/**
 * Inflates a zlib stream into `out` and stops when it is full; what follows is ignored. Allocates nothing that grows
 * with the claimed size. Throws DecodeError `truncated` if the stream gives fewer bytes.
 */
export function inflateInto(where: Where, source: Uint8Array, out: Uint8Array): void {
  checkZlibHeader(where, source[0], source[1]);
  inflateRawInto(where, source.subarray(2), out);
}

/** `inflateInto` for deflate data without a header. */
function inflateRawInto(where: Where, source: Uint8Array, out: Uint8Array): void {
  // So short a stream is inflated in one call, without fflate's window; it cannot run past one push either way.
  if (source.length <= PUSH_BYTES) {
    try {
      if (inflateSync(source, { out }).length === out.length) return;
    } catch {
      // Bad, or more data than room in a stored block: the stream below tells which.
    }
  }
  let filled = 0;
  inflateRawStream(where, source, (chunk) => {
    const take = chunk.subarray(0, out.length - filled);
    out.set(take, filled);
    filled += take.length;
    return filled < out.length;
  });
  if (filled < out.length) {
    throw decodeError(where, "truncated", {
      what: "compressed data ends too early",
      got: `${filled} bytes`,
      expected: `${out.length}`,
    });
  }
}

/** Refuses a claimed length that the compressed bytes cannot hold, before anything is allocated. */
function checkClaim(where: Where, source: Uint8Array, length: number): void {
  if (length > source.length * MAX_DEFLATE_RATIO + 64) {
    throw decodeError(where, "truncated", {
      what: "compressed data cannot hold what the header claims",
      got: `${source.length} compressed bytes for ${length} bytes`,
      expected: `at least ${Math.ceil(length / MAX_DEFLATE_RATIO)}`,
    });
  }
}

/** Inflates the first `length` bytes of a zlib stream, refusing a claim that the input cannot hold before allocating. */
export function inflateExactly(where: Where, source: Uint8Array, length: number): Uint8Array {
  checkClaim(where, source, length);
  const out = new Uint8Array(length);
  inflateInto(where, source, out);
  return out;
}

/** `inflateExactly` for deflate data without a header, as gzip and zip files hold it. */
export function inflateRawExactly(where: Where, source: Uint8Array, length: number): Uint8Array {
  checkClaim(where, source, length);
  const out = new Uint8Array(length);
  inflateRawInto(where, source, out);
  return out;
}

/** Adler-32 of RFC 1950. */
export function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  // 3800 sums of bytes stay below 2^31, so the remainder is taken once a block.
  for (let start = 0; start < bytes.length; start += 3800) {
    const end = Math.min(start + 3800, bytes.length);
    for (let i = start; i < end; i++) {
      a += bytes[i]!;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
}
