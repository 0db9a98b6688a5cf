import type { Checkpoint } from "../checkpoint";
import { bytesOf, DTYPES, type Dtype, holds, inferDtype, type TensorData } from "../dtype";
import { CheckpointError, quoteName } from "../errors";
import { checkShape } from "../shape";
import { MAX_HEADER_BYTES } from "./read-header";

/** A tensor to write. Without `dtype` it is the array's own type; f16, bf16 and bool must be named. */
export interface TensorInput {
  readonly shape: readonly number[];
  readonly dtype?: Dtype;
  readonly data: TensorData;
}

/** A tensor whose data is fetched when its turn comes, so that a large file is never held whole. */
export interface LazyTensorInput {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  load(): TensorData | Promise<TensorData>;
}

/** Values by name: a Map, any iterable of pairs, or a plain object. */
export type Named<T> = Iterable<readonly [string, T]> | Readonly<Record<string, T>>;

/** Strings by key, kept in the header's `__metadata__`. */
export type MetadataInput = Named<string>;

function fail(problem: string): never {
  throw new CheckpointError("argument", `[writeSafetensors] ${problem}`);
}

function pairs<T>(input: Named<T>): (readonly [string, T])[] {
  return Symbol.iterator in input ? [...(input as Iterable<readonly [string, T]>)] : Object.entries(input);
}

/** By Unicode code point, as the reference library's UTF-8 order; UTF-16 order differs above U+FFFF. */
function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const surrogate = (c: number) => c >= 0xd800 && c <= 0xdfff;
    if (surrogate(x) !== surrogate(y)) return surrogate(x) ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

function checkText(what: string, text: unknown): void {
  if (typeof text !== "string" || /\p{Surrogate}/u.test(text)) {
    fail(`${what} must be a well-formed string. Got ${typeof text === "string" ? quoteName(text) : typeof text}.`);
  }
}

interface Planned<T> {
  readonly name: string;
  readonly dtype: Dtype;
  readonly bytes: number;
  readonly tensor: T;
}

/** Header bytes (with the length before them) and the order of the data. */
function plan<T extends TensorInput | LazyTensorInput>(
  tensors: Named<T>,
  metadata: MetadataInput | undefined,
): { header: Uint8Array; order: Planned<T>[] } {
  const seen = new Set<string>();
  const order = pairs(tensors).map(([name, tensor]): Planned<T> => {
    checkText("a tensor name", name);
    if (name === "__metadata__")
      fail('"__metadata__" is reserved. Rename the tensor, or pass metadata as the second argument.');
    if (seen.has(name)) fail(`the name ${quoteName(name)} comes twice. Rename one of the two tensors.`);
    seen.add(name);
    const count = checkShape("writeSafetensors", name, tensor.shape);
    const dtype = tensor.dtype ?? ("data" in tensor ? inferDtype(tensor.data) : undefined);
    if (dtype === undefined || !Object.hasOwn(DTYPES, dtype)) {
      fail(
        `tensor ${quoteName(name)} has no known dtype. Got ${String(dtype)}. Expected one of ${Object.keys(DTYPES)}.`,
      );
    }
    if ("data" in tensor) checkData(name, dtype, count, tensor.data);
    return { name, dtype, bytes: count * DTYPES[dtype].bytes, tensor };
  });
  // The reference library's order: widest type first, so that all data is aligned; then by name.
  order.sort((a, b) => DTYPES[b.dtype].rank - DTYPES[a.dtype].rank || compareNames(a.name, b.name));

  const members: string[] = [];
  if (metadata !== undefined) {
    const items = pairs(metadata);
    const keys = new Set<string>();
    for (const [key, value] of items) {
      checkText("a metadata key", key);
      checkText(`the metadata value of ${quoteName(key)}`, value);
      if (keys.has(key)) fail(`the metadata key ${quoteName(key)} comes twice.`);
      keys.add(key);
    }
    items.sort((a, b) => compareNames(a[0], b[0]));
    members.push(`"__metadata__":{${items.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(",")}}`);
  }
  let at = 0;
  for (const { name, dtype, bytes, tensor } of order) {
    const end = at + bytes;
    members.push(
      `${JSON.stringify(name)}:{"dtype":"${DTYPES[dtype].safetensors}","shape":[${tensor.shape.join(",")}],"data_offsets":[${at},${end}]}`,
    );
    at = end;
  }
  if (!Number.isSafeInteger(at)) fail("the tensors are larger than 2^53 bytes together.");
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    fail(`the header is too large to be read again. Got ${length} bytes. Expected at most ${MAX_HEADER_BYTES}.`);
  }
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return { header, order };
}

function checkData(name: string, dtype: Dtype, count: number, data: TensorData): void {
  if (!ArrayBuffer.isView(data) || !holds(dtype, data) || data.length !== count) {
    const got = ArrayBuffer.isView(data) ? `${data.constructor.name} of ${data.length}` : typeof data;
    fail(
      `the data of tensor ${quoteName(name)} does not fit its type and shape. Got a ${got}. Expected ${count} elements of ${dtype}.`,
    );
  }
}

/**
 * A safetensors file in memory. Bytes depend only on the arguments' values: data ordered as the reference library
 * orders it (widest type first, then by name), metadata by key, header padded with spaces to 8 bytes.
 * Throws `argument` for everything that the reader would refuse.
 */
export function writeSafetensors(tensors: Named<TensorInput>, metadata?: MetadataInput): Uint8Array<ArrayBuffer> {
  const { header, order } = plan(tensors, metadata);
  const out = new Uint8Array(order.reduce((sum, t) => sum + t.bytes, header.length));
  out.set(header);
  let at = header.length;
  for (const { tensor, bytes } of order) {
    out.set(bytesOf(tensor.data), at);
    at += bytes;
  }
  return out;
}

/**
 * The same bytes as `writeSafetensors`, in chunks: the header, then one chunk per tensor, each loaded only when it is asked for.
 * Example: `for await (const chunk of safetensorsChunks(tensors)) await file.write(chunk)`.
 */
export async function* safetensorsChunks(
  tensors: Named<TensorInput | LazyTensorInput>,
  metadata?: MetadataInput,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { header, order } = plan(tensors, metadata);
  yield header;
  for (const { name, dtype, bytes, tensor } of order) {
    const data = "data" in tensor ? tensor.data : await tensor.load();
    checkData(name, dtype, bytes / DTYPES[dtype].bytes, data);
    if (bytes > 0) yield bytesOf(data);
  }
}

/**
 * A whole checkpoint (a `.pth`, say) as safetensors chunks, one tensor in memory at a time.
 * `dtype: "f32"` widens floating-point tensors; the default keeps them as stored.
 */
export function checkpointChunks(
  checkpoint: Checkpoint,
  options: { readonly dtype?: "f32" | "stored"; readonly metadata?: MetadataInput } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const as = options.dtype ?? "stored";
  const tensors = [...checkpoint.entries].map(([name, { dtype, shape }]): [string, LazyTensorInput] => [
    name,
    {
      shape,
      dtype: as === "f32" && DTYPES[dtype].floating ? "f32" : dtype,
      load: async () => (await checkpoint.read(name, { dtype: as })).data,
    },
  ]);
  return safetensorsChunks(tensors, options.metadata ?? checkpoint.metadata);
}
