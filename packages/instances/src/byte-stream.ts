/**
 * Pieces of text as a stream of UTF-8 bytes, compressed with `gzip` (QuPath opens `.geojson.gz`). The reader sets the pace: nothing is
 * made before it is asked for, and cancelling the stream ends the source.
 */
export function byteStream(
  text: Iterable<string> | AsyncIterable<string>,
  options: { gzip?: boolean } = {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const source = Symbol.asyncIterator in text ? text[Symbol.asyncIterator]() : text[Symbol.iterator]();
  const bytes = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await source.return?.();
    },
  });
  return options.gzip ? bytes.pipeThrough(new CompressionStream("gzip")) : bytes;
}
