import { decodeError, type Where } from "./errors";

/** Data types of MAT v5 elements ("MAT-File Format", table 1-1). */
export const Mi = {
  INT8: 1,
  UINT8: 2,
  INT16: 3,
  UINT16: 4,
  INT32: 5,
  UINT32: 6,
  SINGLE: 7,
  DOUBLE: 9,
  INT64: 12,
  UINT64: 13,
  MATRIX: 14,
  COMPRESSED: 15,
} as const;

/** Bytes of one stored value by data type. */
export const MI_BYTES: Record<number, number> = { 1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8 };

/** Class numbers of arrays (table 1-3) by name; the numeric ones are read. */
export const CLASS_NAMES: Record<number, string> = {
  1: "cell",
  2: "struct",
  3: "object",
  4: "char",
  5: "sparse",
  6: "double",
  7: "single",
  8: "int8",
  9: "uint8",
  10: "int16",
  11: "uint16",
  12: "int32",
  13: "uint32",
  14: "int64",
  15: "uint64",
  16: "function_handle",
  17: "opaque",
};

/** One data element: its type and where its bytes lie in the buffer. */
export interface MatElement {
  type: number;
  start: number;
  bytes: number;
  /** Where the next element starts, after padding. */
  next: number;
}

/** Bytes of one buffer in the file's byte order. */
export class MatBuffer {
  readonly view: DataView;

  constructor(
    readonly where: Where,
    readonly bytes: Uint8Array,
    readonly littleEndian: boolean,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads the tag at `at`; with `whole`, the data must lie inside the buffer, else only its tag. */
  element(at: number, whole = true): MatElement {
    const { bytes, view, littleEndian, where } = this;
    if (at + 8 > bytes.length) throw this.truncated(at + 8);
    const first = view.getUint32(at, littleEndian);
    // Small elements keep their size in the upper half and up to four bytes of data in the tag itself.
    if (first >>> 16 !== 0) {
      const size = first >>> 16;
      if (size > 4) throw decodeError(where, "corrupt", { what: `bad small element of ${size} bytes at byte ${at}` });
      return { type: first & 0xffff, start: at + 4, bytes: size, next: at + 8 };
    }
    const size = view.getUint32(at + 4, littleEndian);
    if (whole && at + 8 + size > bytes.length) throw this.truncated(at + 8 + size);
    // Compressed elements are the only ones without padding to eight bytes.
    const padded = first === Mi.COMPRESSED ? size : Math.ceil(size / 8) * 8;
    return { type: first, start: at + 8, bytes: size, next: at + 8 + padded };
  }

  truncated(expected: number) {
    const got = `${this.bytes.length} bytes`;
    return decodeError(this.where, "truncated", {
      what: "the MAT data ends too early",
      got,
      expected: `at least ${expected}`,
    });
  }
}

/** The header of an array: enough to decide whether to read it. */
export interface MatHeader {
  name: string;
  dims: number[];
  className: string;
  logical: boolean;
  complex: boolean;
  /** Offset of the element that holds the real part. */
  data: number;
}

const MAX_DIMENSIONS = 32;

/** Reads flags, dimensions and name of the array whose sub-elements start at `at`. */
export function readMatHeader(buffer: MatBuffer, at: number): MatHeader {
  const { view, littleEndian, where, bytes } = buffer;
  const flags = buffer.element(at);
  if (flags.type !== Mi.UINT32 || flags.bytes !== 8) throw decodeError(where, "corrupt", { what: "bad array flags" });
  const word = view.getUint32(flags.start, littleEndian);
  const className = CLASS_NAMES[word & 255] ?? `class ${word & 255}`;
  // Opaque arrays have a name where others have their dimensions, and are never read.
  if ((word & 255) === 17) {
    return { name: "", dims: [], className, logical: false, complex: false, data: flags.next };
  }
  const dimensions = buffer.element(flags.next);
  const count = dimensions.bytes / 4;
  if (dimensions.type !== Mi.INT32 || !Number.isInteger(count) || count < 1 || count > MAX_DIMENSIONS) {
    throw decodeError(where, "corrupt", { what: "bad array dimensions", got: `${dimensions.bytes} bytes` });
  }
  const dims: number[] = [];
  for (let d = 0; d < count; d++) dims.push(view.getInt32(dimensions.start + 4 * d, littleEndian));
  if (dims.some((dim) => dim < 0))
    throw decodeError(where, "corrupt", { what: "negative dimension", got: dims.join(" x ") });
  const name = buffer.element(dimensions.next);
  if (name.bytes > 1024) throw decodeError(where, "corrupt", { what: `variable name of ${name.bytes} bytes` });
  return {
    name: new TextDecoder().decode(bytes.slice(name.start, name.start + name.bytes)),
    dims,
    className,
    logical: (word & 0x200) !== 0,
    complex: (word & 0x800) !== 0,
    data: name.next,
  };
}
