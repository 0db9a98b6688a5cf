import { type ByteSource, readExactly, readIntoExactly } from "../byte-source";
import { type Checkpoint, type CheckpointEntry, makeCheckpoint } from "../checkpoint";
import { allocate, bytesOf, DTYPES } from "../dtype";
import { CheckpointError, quoteName } from "../errors";
import { gather, lastElement } from "../shape";
import { isPacked } from "./globals";
import type { StorageRef, TensorRef } from "./pickle-values";
import type { StateDict } from "./state-dict";

/** Where storages lie in the file, and how to check them; what differs between the zip and the legacy format. */
export interface StorageReader {
  /** Offset of the storage's first byte in the file. */
  locate(storage: StorageRef): Promise<number>;
  /** Checks the whole storage. `bytes` is its content where the caller has read all of it anyway. */
  verify(storage: StorageRef, bytes?: Uint8Array): Promise<void>;
}

/** Builds the Checkpoint of a torch file from its tensors and its storages. */
export function torchCheckpoint(
  format: "torch-zip" | "torch-legacy",
  source: ByteSource,
  { tensors, extras }: StateDict,
  storages: StorageReader,
): Checkpoint {
  const entries = new Map<string, CheckpointEntry>();
  for (const [name, { storage, shape, count }] of tensors) {
    entries.set(name, { dtype: storage.dtype, shape, byteLength: count * DTYPES[storage.dtype].bytes });
  }
  checkExpansion(source, tensors);
  return makeCheckpoint({
    format,
    metadata: new Map(),
    entries,
    extras,
    load: (name, target) => loadTensor(source, storages, name, tensors.get(name) as TensorRef, target),
  });
}

/** A stride of 0 makes a terabyte of a byte: all tensors together may not grow far beyond the file. */
function checkExpansion(source: ByteSource, tensors: ReadonlyMap<string, TensorRef>): void {
  const limit = 32 * 1024 * 1024 + 4 * source.size;
  let total = 0;
  for (const [name, { storage, count, shape }] of tensors) {
    total += count * Math.max(4, DTYPES[storage.dtype].bytes);
    if (total > limit) {
      throw new CheckpointError(
        "limit",
        `[openCheckpoint] the tensors are far larger than the file. Got more than ${limit} bytes in f32 from a file of ${source.size}, ` +
          `up to tensor ${quoteName(name)} [${shape}]. Save expanded tensors as tensor.clone().`,
      );
    }
  }
}

async function loadTensor(
  source: ByteSource,
  storages: StorageReader,
  name: string,
  tensor: TensorRef,
  target: Uint8Array,
): Promise<void> {
  const { storage } = tensor;
  const size = DTYPES[storage.dtype].bytes;
  const what = `tensor ${quoteName(name)}`;
  const packed = isPacked(tensor);
  const first = storage.offset + tensor.offset;
  const start = (await storages.locate(storage)) + first * size;
  if (packed && tensor.count === storage.rootCount) {
    await readIntoExactly(source, start, target, what);
    return storages.verify(storage, target);
  }
  await storages.verify(storage);
  if (tensor.count === 0) return;
  if (packed) return readIntoExactly(source, start, target, what);
  const spanned = allocate(storage.dtype, lastElement(tensor.shape, tensor.strides) + 1);
  await readIntoExactly(source, start, bytesOf(spanned), what);
  // The gather works on elements, so give the target bytes their type; they begin an array of their own.
  const elements = allocate(storage.dtype, tensor.count);
  gather(spanned, elements, tensor.shape, tensor.strides);
  target.set(bytesOf(elements));
}

/** Feeds a range of the file to `use` in pieces, for checksums of storages that are not read whole. */
export async function scan(
  source: ByteSource,
  offset: number,
  length: number,
  what: string,
  use: (bytes: Uint8Array) => void,
): Promise<void> {
  const piece = 4 * 1024 * 1024;
  for (let done = 0; done < length; done += piece) {
    use(await readExactly(source, offset + done, Math.min(piece, length - done), what));
  }
}
