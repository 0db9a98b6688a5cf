import type { ByteSource } from "./byte-source";
import { crc32 } from "./crc32";

/** Builders of good, odd and hostile files for the tests of this package; not exported from it. */

/** Joins byte arrays. */
export function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return joined(parts);
}

/** Joins a list that is too long to be passed as arguments. */
export function joined(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The ASCII or UTF-8 bytes of a text. */
export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function u32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

export function u64(value: number): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value), true);
  return out;
}

/** Pickle fragments, as torch.save writes them (protocol 2). */
export const pickle = {
  proto: [0x80, 2],
  stop: [0x2e],
  mark: [0x28],
  reduce: [0x52],
  tuple: [0x74],
  emptyTuple: [0x29],
  emptyDict: [0x7d],
  emptyList: [0x5d],
  setItems: [0x75],
  appends: [0x65],
  build: [0x62],
  persid: [0x51],
  none: [0x4e],
  false: [0x89],
  text: (value: string) => concat([0x58], u32(ascii(value).length), ascii(value)),
  int: (value: number) => concat([0x4a], u32(value)),
  put: (index: number) => concat([0x72], u32(index)),
  get: (index: number) => concat([0x6a], u32(index)),
  global: (module: string, name: string) => ascii(`c${module}\n${name}\n`),
  /** A tuple of fragments. */
  of: (...items: (Uint8Array | readonly number[])[]) => concat([0x28], ...items, [0x74]),
  /** A dict of fragments by key. */
  dict: (items: readonly (readonly [string, Uint8Array | readonly number[]])[]) =>
    concat([0x7d, 0x28], ...items.flatMap(([key, value]) => [pickle.text(key), value]), [0x75]),
  /** A whole pickle. */
  file: (...parts: (Uint8Array | readonly number[])[]) => concat([0x80, 2], ...parts, [0x2e]),
};

/** How a test's tensor lies in its storage. */
export interface TensorSpec {
  readonly key: string;
  readonly count: number;
  readonly storage?: string;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
  /** Legacy files: the sixth item of the persistent id. */
  readonly view?: Uint8Array | readonly number[];
}

/** `_rebuild_tensor_v2(...)` for a tensor. */
export function tensorPickle(spec: TensorSpec): Uint8Array {
  const { key, count, storage = "FloatStorage", offset = 0, shape, view } = spec;
  let step = 1;
  const packed = [...shape].reverse().map((n) => {
    const stride = step;
    step *= Math.max(n, 1);
    return stride;
  });
  const strides = spec.strides ?? packed.reverse();
  const id = [
    pickle.text("storage"),
    pickle.global("torch", storage),
    pickle.text(key),
    pickle.text("cpu"),
    pickle.int(count),
  ];
  return concat(
    pickle.global("torch._utils", "_rebuild_tensor_v2"),
    pickle.of(
      concat(pickle.of(...id, ...(view ? [view] : [])), pickle.persid),
      pickle.int(offset),
      pickle.of(...shape.map(pickle.int)),
      pickle.of(...strides.map(pickle.int)),
      pickle.false,
      concat(pickle.global("collections", "OrderedDict"), pickle.emptyTuple, pickle.reduce),
    ),
    pickle.reduce,
  );
}

/** A part of a virtual file: its bytes, or that many zeros. */
type Content = Uint8Array | number;

export interface ZipOptions {
  readonly zip64?: boolean;
  readonly method?: number;
  readonly flags?: number;
}

/** The segments of a zip archive of stored files; zeros are never allocated. */
export function zipSegments(files: readonly (readonly [string, Content])[], options: ZipOptions = {}): Content[] {
  const { zip64 = false, method = 0, flags = 0x800 } = options;
  const out: Content[] = [];
  const directory: Uint8Array[] = [];
  const zeroCrc = new Map<number, number>();
  let at = 0;
  const emit = (part: Content) => {
    out.push(part);
    at += typeof part === "number" ? part : part.length;
  };
  for (const [name, content] of files) {
    const size = typeof content === "number" ? content : content.length;
    const crc = typeof content === "number" ? (zeroCrc.get(size) ?? crc32(new Uint8Array(size))) : crc32(content);
    zeroCrc.set(typeof content === "number" ? size : -1, crc);
    const bytes = ascii(name);
    const start = at;
    const common = [20, 0, flags & 255, flags >> 8, method, 0, 0, 0, 0, 0];
    const size32 = u32(zip64 ? 0xffffffff : size);
    emit(concat(ascii("PK\x03\x04"), common, u32(crc), size32, size32, [bytes.length, 0, 0, 0], bytes));
    emit(content);
    const extra = zip64 ? concat([1, 0, 24, 0], u64(size), u64(size), u64(start)) : [];
    directory.push(
      concat(
        ascii("PK\x01\x02"),
        [20, 0],
        common,
        u32(crc),
        size32,
        size32,
        [bytes.length, 0, extra.length, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0],
        u32(zip64 ? 0xffffffff : start),
        bytes,
        extra,
      ),
    );
  }
  const offset = at;
  const listing = concat(...directory);
  emit(listing);
  const n = files.length;
  const count = [n & 255, n >> 8];
  if (zip64) {
    const record = at;
    emit(
      concat(
        ascii("PK\x06\x06"),
        u64(44),
        [45, 0, 45, 0],
        u32(0),
        u32(0),
        u64(n),
        u64(n),
        u64(listing.length),
        u64(offset),
      ),
    );
    emit(concat(ascii("PK\x06\x07"), u32(0), u64(record), u32(1)));
    emit(concat(ascii("PK\x05\x06"), [0, 0, 0, 0, 255, 255, 255, 255], u32(0xffffffff), u32(0xffffffff), [0, 0]));
  } else {
    emit(concat(ascii("PK\x05\x06"), [0, 0, 0, 0], count, count, u32(listing.length), u32(offset), [0, 0]));
  }
  return out;
}

/** A torch zip file: data.pkl and its storages. */
export function torchZip(
  data: Uint8Array,
  storages: readonly (readonly [string, Uint8Array])[] = [],
  options: ZipOptions = {},
): Uint8Array {
  const files = [["x/data.pkl", data] as const, ...storages.map(([key, bytes]) => [`x/data/${key}`, bytes] as const)];
  return concat(...(zipSegments(files, options) as Uint8Array[]));
}

/** The three pickles that a legacy file begins with. */
export const LEGACY_HEAD = concat(
  pickle.file([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]),
  pickle.file([0x4d, 0xe9, 0x03]),
  pickle.file(pickle.dict([["little_endian", [0x88]]])),
);

/** A legacy file around a pickle. */
export function legacyFile(
  data: Uint8Array,
  storages: readonly (readonly [string, number, Uint8Array])[] = [],
): Uint8Array {
  const keys = concat(pickle.emptyList, pickle.mark, ...storages.map(([key]) => pickle.text(key)), pickle.appends);
  return concat(LEGACY_HEAD, data, pickle.file(keys), ...storages.flatMap(([, count, bytes]) => [u64(count), bytes]));
}

/** A file of segments that counts what is asked of it. */
export function segmentSource(segments: readonly Content[]): ByteSource & { largest: number; total: number } {
  const starts: number[] = [];
  let size = 0;
  for (const part of segments) {
    starts.push(size);
    size += typeof part === "number" ? part : part.length;
  }
  const fill = (offset: number, target: Uint8Array) => {
    target.fill(0);
    segments.forEach((part, i) => {
      if (typeof part === "number") return;
      const start = (starts[i] as number) - offset;
      if (start >= target.length || start + part.length <= 0) return;
      const from = Math.max(0, -start);
      target.set(part.subarray(from, Math.min(part.length, target.length - start)), Math.max(0, start));
    });
  };
  return {
    size,
    largest: 0,
    total: 0,
    async read(offset, length) {
      const out = new Uint8Array(length);
      await this.readInto?.(offset, out);
      return out;
    },
    async readInto(offset, target) {
      this.largest = Math.max(this.largest, target.length);
      this.total += target.length;
      fill(offset, target);
    },
  };
}

/** A seeded stream of numbers in [0, 1). Source: mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const NASTY = [0, 1, 0x28, 0x2e, 0x52, 0x63, 0x7d, 0x7f, 0x80, 0x8b, 0xff];

/** A damaged copy: bits flipped, bytes replaced, runs deleted, doubled, zeroed or set to a huge number, or the end cut off. */
export function mutate(bytes: Uint8Array, next: () => number): Uint8Array {
  let out: Uint8Array = Uint8Array.from(bytes);
  const rounds = 1 + Math.floor(next() * 4);
  for (let round = 0; round < rounds; round++) {
    const at = Math.floor(next() * out.length);
    const run = 1 + Math.floor(next() * 16);
    const pick = next();
    if (pick < 0.3) out[at] = (out[at] as number) ^ (1 << Math.floor(next() * 8));
    else if (pick < 0.55) out[at] = NASTY[Math.floor(next() * NASTY.length)] as number;
    else if (pick < 0.65) out = concat(out.subarray(0, at), out.subarray(at + run));
    else if (pick < 0.75) out = concat(out.subarray(0, at + run), out.subarray(at));
    else if (pick < 0.85) out.fill(next() < 0.5 ? 0 : 0xff, at, at + 1 + Math.floor(next() * 8));
    else if (pick < 0.95) out.copyWithin(at, Math.floor(next() * out.length), Math.floor(next() * out.length) + run);
    else out = out.slice(0, at);
  }
  return out;
}
