import { CheckpointError } from "./errors";

/**
 * Random access to bytes, so that a checkpoint larger than memory is read tensor by tensor.
 * A file handle in Node, a `Blob` in a page, or a range-request client all fit; nothing else is required of it.
 */
export interface ByteSource {
  /** Total length in bytes. */
  readonly size: number;
  /** `length` bytes from `offset`. The result may alias the source's memory; it is never written to here. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Optional: fill `target` from `offset` without an intermediate copy. */
  readInto?(offset: number, target: Uint8Array): Promise<void>;
}

/** Anything `openCheckpoint` and `sha256` read from. */
export type ByteInput = ByteSource | Uint8Array | ArrayBuffer | Blob;

/** Bytes that are already in memory; reads are views, not copies. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.byteLength,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    readInto: async (offset, target) => target.set(bytes.subarray(offset, offset + target.byteLength)),
  };
}

/** A `Blob` or `File` (a dropped file, a fetched body, an OPFS file); only the asked ranges are read. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}

/** Whatever the caller has, as a `ByteSource`. Throws `argument` for anything else. */
export function toByteSource(input: ByteInput): ByteSource {
  if (input instanceof Uint8Array) return bytesSource(input);
  if (input instanceof ArrayBuffer) return bytesSource(new Uint8Array(input));
  if (typeof Blob !== "undefined" && input instanceof Blob) return blobSource(input);
  const source = input as Partial<ByteSource> | null | undefined;
  if (typeof source?.read !== "function" || !Number.isSafeInteger(source.size) || (source.size as number) < 0) {
    throw new CheckpointError(
      "argument",
      `[toByteSource] not a source of bytes. Got ${input === null ? "null" : typeof input}. ` +
        "Expected a Uint8Array, an ArrayBuffer, a Blob, or an object with size and read(offset, length).",
    );
  }
  return source as ByteSource;
}

/** Large tensors are copied in pieces of this size where a source has no `readInto`. */
const PIECE_BYTES = 8 * 1024 * 1024;

function checkRange(source: ByteSource, offset: number, length: number, what: string): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= source.size)) {
    throw new CheckpointError(
      "truncated",
      `[openCheckpoint] ${what} lies beyond the end of the file. Got bytes ${offset} to ${offset + length} of ${source.size}. ` +
        "Expected a complete file. Download or copy it again.",
    );
  }
}

/** `length` bytes from `offset`, or a typed error: never a short read, never a read past the end. */
export async function readExactly(
  source: ByteSource,
  offset: number,
  length: number,
  what: string,
): Promise<Uint8Array> {
  checkRange(source, offset, length, what);
  if (length === 0) return new Uint8Array(0);
  const bytes = await guard(what, () => source.read(offset, length));
  if (bytes.byteLength !== length) {
    throw new CheckpointError(
      "io",
      `[openCheckpoint] the byte source returned too ${bytes.byteLength < length ? "little" : "much"} for ${what}. ` +
        `Got ${bytes.byteLength} bytes. Expected ${length} from offset ${offset}. Did the file change while it was read?`,
    );
  }
  return bytes;
}

/** Fills `target` from `offset`; holds at most one extra piece beside it. */
export async function readIntoExactly(
  source: ByteSource,
  offset: number,
  target: Uint8Array,
  what: string,
): Promise<void> {
  checkRange(source, offset, target.byteLength, what);
  if (target.byteLength === 0) return;
  if (source.readInto) {
    await guard(what, async () => source.readInto?.(offset, target));
    return;
  }
  for (let done = 0; done < target.byteLength; done += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, target.byteLength - done);
    target.set(await readExactly(source, offset + done, length, what), done);
  }
}

async function guard<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (CheckpointError.isInstance(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CheckpointError("io", `[openCheckpoint] the byte source failed while reading ${what}. Got "${reason}".`, {
      cause,
    });
  }
}
