import { columnToRowMajor, type NumericArray } from "./column-major";
import { decodeError, type Where } from "./errors";
import { adler32, inflateExactly, inflateStream } from "./inflate";
import { MatBuffer, type MatHeader, MI_BYTES, Mi, readMatHeader } from "./mat-elements";
import { DEFAULT_MAX_BYTES } from "./raster";
import { firstBytes, isHdf5, sniffFormat } from "./sniff";

/** A numeric MATLAB array in row-major order: element (r, c) of a matrix at `r * dims[1] + c`. */
export interface MatVariable {
  dims: number[];
  /** MATLAB class: double, single, int8 ... uint64, or logical. */
  className: string;
  /** Typed by class, however it was stored; 64-bit integers become Float64Array, exactly. */
  data: NumericArray;
}

/** Options of `readMat`. */
export interface MatOptions {
  /** Names to read; the others are skipped without being decoded. Default: every numeric array. */
  only?: string[];
  /** Largest decoded size of one variable in bytes. Default 1 GiB. */
  maxBytes?: number;
  /** File name, for messages only. */
  name?: string;
}

/** Longest array header: tag, flags, 32 dimensions and a long name. */
const HEADER_BYTES = 2048;

/**
 * Reads the numeric arrays of a MAT v5 file (what MATLAB saves with -v6 and -v7, and SciPy's savemat), in any class,
 * stored in any type, compressed or not, in both byte orders.
 *
 * Cell, struct, char, sparse and complex arrays are skipped, but asking for one by name throws. A name in `only` that
 * the file lacks is absent from the result. Throws DecodeError; v7.3 (HDF5) and v4 are `unsupported`.
 */
export function readMat(bytes: Uint8Array, options: MatOptions = {}): Map<string, MatVariable> {
  const where: Where = { fn: "readMat", name: options.name };
  const out = new Map<string, MatVariable>();
  for (const { header, load } of variables(where, bytes, options.maxBytes ?? DEFAULT_MAX_BYTES)) {
    if (options.only && !options.only.includes(header.name)) continue;
    if (!CLASS_ARRAYS[header.className] || header.complex) {
      if (!options.only) continue;
      const got = `${header.complex ? "complex " : ""}${header.className}`;
      throw decodeError(where, "unsupported", { what: `variable "${header.name}" is no real numeric array`, got });
    }
    out.set(header.name, load());
  }
  return out;
}

/** Lists every array of a MAT v5 file without decoding it: name, dimensions, class. Throws DecodeError. */
export function listMatVariables(
  bytes: Uint8Array,
  options: Omit<MatOptions, "only"> = {},
): { name: string; dims: number[]; className: string }[] {
  const where: Where = { fn: "listMatVariables", name: options.name };
  const all = [...variables(where, bytes, options.maxBytes ?? DEFAULT_MAX_BYTES)];
  return all.map(({ header: { name, dims, className } }) => ({ name, dims, className }));
}

const CLASS_ARRAYS: Record<string, new (length: number) => NumericArray> = {
  double: Float64Array,
  single: Float32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: Float64Array,
  uint64: Float64Array,
};

/** More than any workspace holds; each costs a header to inflate. */
const MAX_VARIABLES = 10_000;

/** Walks the top-level elements; `load` decodes the data of one. */
function* variables(where: Where, bytes: Uint8Array, maxBytes: number) {
  const littleEndian = checkFileHeader(where, bytes);
  const file = new MatBuffer(where, bytes, littleEndian);
  for (let at = 128, count = 0; at < bytes.length; ) {
    if (++count > MAX_VARIABLES)
      throw decodeError(where, "too-large", { what: `more than ${MAX_VARIABLES} variables` });
    const element = file.element(at);
    at = element.next;
    if (element.type === Mi.MATRIX && element.bytes > 0) {
      const data = bytes.subarray(element.start, element.start + element.bytes);
      const matrix = new MatBuffer(where, data, littleEndian);
      const header = readMatHeader(matrix, 0);
      yield { header, load: () => readArray(matrix, header, maxBytes) };
    } else if (element.type === Mi.COMPRESSED) {
      const packed = bytes.subarray(element.start, element.start + element.bytes);
      const start = new MatBuffer(where, inflatePrefix(where, packed), littleEndian);
      const tag = start.element(0, false);
      if (tag.type !== Mi.MATRIX || tag.bytes === 0) continue;
      const header = readMatHeader(start, tag.start);
      yield { header, load: () => readCompressed(where, packed, tag.bytes, littleEndian, maxBytes) };
    }
  }
}

/** Checks the 128-byte header and returns whether the file is little-endian. */
function checkFileHeader(where: Where, bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, 20));
  if (isHdf5(bytes) || text.startsWith("MATLAB 7.3")) {
    throw decodeError(where, "unsupported", {
      what: "MAT v7.3 (HDF5)",
      expected: "MAT v5",
      hint: "Save it again in MATLAB with: save(file, variables, '-v7')",
    });
  }
  if (sniffFormat(bytes) !== "mat") {
    throw decodeError(where, "wrong-format", { what: "this is no MAT v5 file", got: firstBytes(bytes) });
  }
  if (bytes.length < 128)
    throw decodeError(where, "truncated", { what: "the MAT header is cut", got: `${bytes.length} bytes` });
  const [a, b] = [bytes[126], bytes[127]];
  const littleEndian = a === 0x49 && b === 0x4d;
  if (!littleEndian && !(a === 0x4d && b === 0x49)) {
    throw decodeError(where, "corrupt", { what: "bad byte-order mark in the MAT header" });
  }
  const version = littleEndian ? bytes[125]! : bytes[124]!;
  if (version !== 1) {
    throw decodeError(where, "unsupported", {
      what: `MAT version ${version}`,
      expected: "1 (MAT v5)",
      hint: "Save it again with -v7",
    });
  }
  return littleEndian;
}

function inflatePrefix(where: Where, packed: Uint8Array): Uint8Array {
  const out = new Uint8Array(HEADER_BYTES);
  let filled = 0;
  inflateStream(where, packed, (chunk) => {
    const take = chunk.subarray(0, out.length - filled);
    out.set(take, filled);
    filled += take.length;
    return filled < out.length;
  });
  return out.subarray(0, filled);
}

function readCompressed(where: Where, packed: Uint8Array, size: number, littleEndian: boolean, maxBytes: number) {
  if (size > maxBytes + HEADER_BYTES) throw tooLarge(where, size, maxBytes);
  const data = inflateExactly(where, packed, size + 8);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (adler32(data) !== view.getUint32(packed.length - 4)) {
    throw decodeError(where, "corrupt", { what: "a compressed variable does not match its checksum" });
  }
  const matrix = new MatBuffer(where, data.subarray(8), littleEndian);
  return readArray(matrix, readMatHeader(matrix, 0), maxBytes);
}

function tooLarge(where: Where, bytes: number, maxBytes: number) {
  return decodeError(where, "too-large", {
    what: "a variable is too large",
    got: `${bytes} bytes`,
    expected: `at most ${maxBytes}`,
    hint: "Raise maxBytes if it is meant to be this large",
  });
}

function readArray(buffer: MatBuffer, header: MatHeader, maxBytes: number): MatVariable {
  const { where } = buffer;
  const { dims, className } = header;
  const length = dims.reduce((product, dim) => product * dim, 1);
  const element = buffer.element(header.data);
  const stored = MI_BYTES[element.type];
  if (stored === undefined || length * stored !== element.bytes) {
    throw decodeError(where, "corrupt", {
      what: `variable "${header.name}" does not fit its dimensions`,
      got: `${element.bytes} bytes of type ${element.type}`,
      expected: `${dims.join(" x ")} values`,
    });
  }
  const TypedArray = CLASS_ARRAYS[className]!;
  if (length * 8 > maxBytes) throw tooLarge(where, length * 8, maxBytes);
  const values = storedValues(buffer, element.type, element.start, length, header.name);
  const data = new TypedArray(length);
  columnToRowMajor(values, data, dims);
  return { dims, className: header.logical ? "logical" : className, data };
}

/** The stored values as they are, column-major. */
function storedValues(buffer: MatBuffer, type: number, start: number, length: number, name: string): NumericArray {
  const { view, littleEndian: le, bytes, where } = buffer;
  const fill = <T extends NumericArray>(out: T, get: (at: number) => number, step: number): T => {
    for (let i = 0; i < length; i++) out[i] = get(start + i * step);
    return out;
  };
  switch (type) {
    case Mi.UINT8:
      return bytes.subarray(start, start + length);
    case Mi.INT8:
      return new Int8Array(bytes.buffer, bytes.byteOffset + start, length);
    case Mi.UINT16:
      return fill(new Uint16Array(length), (at) => view.getUint16(at, le), 2);
    case Mi.INT16:
      return fill(new Int16Array(length), (at) => view.getInt16(at, le), 2);
    case Mi.UINT32:
      return fill(new Uint32Array(length), (at) => view.getUint32(at, le), 4);
    case Mi.INT32:
      return fill(new Int32Array(length), (at) => view.getInt32(at, le), 4);
    case Mi.SINGLE:
      return fill(new Float32Array(length), (at) => view.getFloat32(at, le), 4);
    case Mi.DOUBLE:
      return fill(new Float64Array(length), (at) => view.getFloat64(at, le), 8);
    default: {
      const get =
        type === Mi.INT64 ? (at: number) => view.getBigInt64(at, le) : (at: number) => view.getBigUint64(at, le);
      return fill(
        new Float64Array(length),
        (at) => {
          const value = Number(get(at));
          if (Number.isSafeInteger(value)) return value;
          throw decodeError(where, "unsupported", {
            what: `variable "${name}" has a value beyond 2^53`,
            got: `${value}`,
          });
        },
        8,
      );
    }
  }
}
