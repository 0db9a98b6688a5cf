import { InstancesError } from "./errors";

/** A file's content: text, bytes, a stream, or pieces of either; gzip is recognised by its first bytes. */
export type FileSource =
  | string
  | Uint8Array
  | ReadableStream<Uint8Array>
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

const PIECE = 1 << 16;

/** The text of a source in pieces of at most 65,536 characters, unzipped if need be; stops after `maxBytes` of content. */
export async function* textPieces(source: FileSource, maxBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let total = 0;
  for await (const piece of unzipped(pieces(source))) {
    total += piece.length;
    if (total > maxBytes)
      throw new InstancesError("readGeoJson", "the file is too long", `over ${maxBytes} bytes`, "maxBytes or less");
    const text = typeof piece === "string" ? piece : decoded(decoder, piece);
    for (let i = 0; i < text.length; i += PIECE) yield text.slice(i, i + PIECE);
  }
  const rest = decoded(decoder);
  if (rest !== "") yield rest;
}

function decoded(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch (cause) {
    throw new InstancesError("readGeoJson", "the text is no UTF-8", "other bytes", "UTF-8", undefined, { cause });
  }
}

async function* pieces(source: FileSource): AsyncGenerator<string | Uint8Array> {
  if (typeof source === "string") yield source;
  else if (source instanceof Uint8Array)
    for (let i = 0; i < source.length; i += PIECE) yield source.subarray(i, i + PIECE);
  // Safari's streams cannot be iterated.
  else if (source instanceof ReadableStream) yield* chunksOf(source);
  else yield* source;
}

async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let done = false;
  try {
    while (!done) {
      const next = await reader.read();
      done = next.done;
      if (!next.done) yield next.value;
    }
  } finally {
    if (!done) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}

/** Passes pieces on, through gunzip if the first two bytes are gzip's. */
async function* unzipped(source: AsyncGenerator<string | Uint8Array>): AsyncGenerator<string | Uint8Array> {
  let head: string | Uint8Array | undefined;
  for await (const piece of { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) }) {
    head = head instanceof Uint8Array && piece instanceof Uint8Array ? joined(head, piece) : piece;
    if (typeof head === "string" || head.length >= 2) break;
  }
  if (head === undefined) return;
  if (typeof head === "string" || head[0] !== 0x1f || head[1] !== 0x8b) {
    yield head;
    yield* source;
    return;
  }
  yield* gunzip(head, source);
}

async function* gunzip(head: Uint8Array, rest: AsyncGenerator<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  const unzip = new DecompressionStream("gzip");
  const writer = unzip.writable.getWriter();
  let sourceError: unknown;
  const fed = (async () => {
    try {
      await writer.write(copyOf(head));
      for await (const piece of rest) {
        if (typeof piece === "string")
          throw new InstancesError("readGeoJson", "bytes and text are mixed", "text after gzip bytes", "bytes only");
        await writer.write(copyOf(piece));
      }
      await writer.close();
    } catch (error) {
      sourceError = error;
      await writer.abort(error).catch(() => undefined);
    }
  })();
  try {
    yield* chunksOf(unzip.readable);
  } catch (cause) {
    const other = InstancesError.isInstance(sourceError) ? sourceError : cause;
    if (InstancesError.isInstance(other)) throw other;
    throw new InstancesError(
      "readGeoJson",
      "the gzip data are broken",
      String(cause),
      "a complete .gz file",
      undefined,
      {
        cause,
      },
    );
  }
  await fed;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Streams want bytes that are not shared memory. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
