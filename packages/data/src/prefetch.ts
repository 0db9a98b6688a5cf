import { DataError } from "./errors";

/** Options of `prefetch`. */
export interface PrefetchOptions {
  /** How many results may be under way or ready before they are asked for; at least 1. */
  ahead: number;
  /** Stops the look-ahead; the loop over the result then throws the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Works ahead of its reader: up to `ahead` elements are requested before they are needed, and arrive in order.
 *
 * An iterable of promises runs `ahead` of them at once (a generator that calls a loader is the usual source); an async iterable is
 * read one after the other. An error arrives at its place in the order, after which the source is closed and nothing more is
 * requested; the same happens when the reader leaves the loop.
 */
export async function* prefetch<T>(
  source: Iterable<T | Promise<T>> | AsyncIterable<T>,
  { ahead, signal }: PrefetchOptions,
): AsyncGenerator<Awaited<T>, void, undefined> {
  if (!Number.isInteger(ahead) || ahead < 1) {
    throw new DataError("bad-argument", `[prefetch] ahead is wrong. Got ${ahead}. Expected a whole number >= 1.`);
  }
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const isAsync = Symbol.asyncIterator in source;
  const queue: Promise<IteratorResult<T>>[] = [];
  let ended = false;

  const request = (): void => {
    const result = settle(() => iterator.next() as IteratorResult<T | Promise<T>> | Promise<IteratorResult<T>>);
    queue.push(result.promise);
    if (result.done) ended = true;
    // Elements that nobody will read any more must not count as unhandled rejections.
    result.promise.then(
      ({ done }) => {
        if (done) ended = true;
      },
      () => {
        ended = true;
      },
    );
  };

  const aborted = signal === undefined ? undefined : abortPromise(signal);
  try {
    for (;;) {
      signal?.throwIfAborted();
      while (!ended && queue.length < ahead) request();
      const first = queue.shift();
      if (first === undefined) return;
      const { done, value } = await (aborted === undefined ? first : Promise.race([first, aborted.promise]));
      if (done) return;
      // The place of the element that is handed out is free at once: the reader's work overlaps with the next loads.
      while (!ended && queue.length < ahead) request();
      yield value as Awaited<T>;
    }
  } finally {
    ended = true;
    aborted?.forget();
    const closing = Promise.resolve(iterator.return?.()).catch(() => undefined);
    // A generator in the middle of an await closes only after it: leaving must not wait for it.
    if (!isAsync) await closing;
  }
}

/** One step of an iterator as a promise of an element; `done` is known at once for synchronous iterators. */
function settle<T>(step: () => IteratorResult<T | Promise<T>> | Promise<IteratorResult<T>>): {
  promise: Promise<IteratorResult<T>>;
  done: boolean;
} {
  try {
    const result = step();
    if (result instanceof Promise) return { promise: result, done: false };
    if (result.done) return { promise: Promise.resolve({ done: true, value: undefined }), done: true };
    return { promise: Promise.resolve(result.value).then((value) => ({ done: false, value })), done: false };
  } catch (error) {
    return { promise: Promise.reject(error), done: true };
  }
}

function abortPromise(signal: AbortSignal): { promise: Promise<never>; forget: () => void } {
  let forget = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    forget = () => signal.removeEventListener("abort", onAbort);
  });
  promise.catch(() => undefined);
  return { promise, forget };
}
