import { columnToRowMajor, type NumericArray } from "./column-major";
import { decodeError, type Where } from "./errors";
import { DEFAULT_MAX_BYTES } from "./raster";
import { firstBytes, sniffFormat } from "./sniff";

/** A NumPy array in C order. */
export interface NpyArray {
  shape: number[];
  /** NumPy's name of the type in the file: uint8, int64, float32, bool, ... */
  dtype: string;
  /** 64-bit integers become Float64Array, exactly; bool becomes Uint8Array of 0 and 1. */
  data: NumericArray;
}

interface Kind {
  dtype: string;
  bytes: number;
  make: new (length: number) => NumericArray;
  get: (view: DataView, at: number, littleEndian: boolean) => number;
}

const KINDS: Record<string, Kind> = {
  b1: { dtype: "bool", bytes: 1, make: Uint8Array, get: (v, at) => (v.getUint8(at) === 0 ? 0 : 1) },
  u1: { dtype: "uint8", bytes: 1, make: Uint8Array, get: (v, at) => v.getUint8(at) },
  i1: { dtype: "int8", bytes: 1, make: Int8Array, get: (v, at) => v.getInt8(at) },
  u2: { dtype: "uint16", bytes: 2, make: Uint16Array, get: (v, at, le) => v.getUint16(at, le) },
  i2: { dtype: "int16", bytes: 2, make: Int16Array, get: (v, at, le) => v.getInt16(at, le) },
  u4: { dtype: "uint32", bytes: 4, make: Uint32Array, get: (v, at, le) => v.getUint32(at, le) },
  i4: { dtype: "int32", bytes: 4, make: Int32Array, get: (v, at, le) => v.getInt32(at, le) },
  u8: { dtype: "uint64", bytes: 8, make: Float64Array, get: (v, at, le) => Number(v.getBigUint64(at, le)) },
  i8: { dtype: "int64", bytes: 8, make: Float64Array, get: (v, at, le) => Number(v.getBigInt64(at, le)) },
  f4: { dtype: "float32", bytes: 4, make: Float32Array, get: (v, at, le) => v.getFloat32(at, le) },
  f8: { dtype: "float64", bytes: 8, make: Float64Array, get: (v, at, le) => v.getFloat64(at, le) },
};

const MAX_HEADER_BYTES = 65_536;
const MAX_DIMENSIONS = 32;

/**
 * Reads a `.npy` file (format versions 1 to 3) of booleans, integers or 32/64-bit floats, either byte order; Fortran
 * order is turned into C order. Object and structured arrays are refused, never unpickled. Throws DecodeError.
 */
export function readNpy(bytes: Uint8Array, options: { maxBytes?: number; name?: string } = {}): NpyArray {
  const where: Where = { fn: "readNpy", name: options.name };
  if (sniffFormat(bytes) !== "npy") {
    throw decodeError(where, "wrong-format", { what: "this is no .npy file", got: firstBytes(bytes) });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const truncated = (expected: number) =>
    decodeError(where, "truncated", {
      what: "the array is cut",
      got: `${bytes.length} bytes`,
      expected: `at least ${expected}`,
    });
  if (bytes.length < 12) throw truncated(12);
  const version = bytes[6]!;
  if (version < 1 || version > 3)
    throw decodeError(where, "unsupported", { what: `.npy version ${version}`, expected: "1 to 3" });
  const headerBytes = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = (version === 1 ? 10 : 12) + headerBytes;
  if (headerBytes > MAX_HEADER_BYTES) throw decodeError(where, "corrupt", { what: `header of ${headerBytes} bytes` });
  if (start > bytes.length) throw truncated(start);

  const { kind, littleEndian, fortran, shape } = readHeader(where, bytes.slice(start - headerBytes, start));
  const length = shape.reduce((product, dim) => product * dim, 1);
  if (start + length * kind.bytes > bytes.length) throw truncated(start + length * kind.bytes);
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  if (length * kind.bytes > maxBytes) {
    throw decodeError(where, "too-large", {
      what: "the array is too large",
      got: `${length * kind.bytes} bytes`,
      expected: `at most ${maxBytes}`,
    });
  }
  const data = new kind.make(length);
  const wide = kind.dtype === "int64" || kind.dtype === "uint64";
  for (let i = 0; i < length; i++) {
    const value = kind.get(view, start + i * kind.bytes, littleEndian);
    if (wide && !Number.isSafeInteger(value)) {
      throw decodeError(where, "unsupported", { what: "a value beyond 2^53", got: `${value}` });
    }
    data[i] = value;
  }
  if (!fortran || shape.length < 2) return { shape, dtype: kind.dtype, data };
  const rowMajor = new kind.make(length);
  columnToRowMajor(data, rowMajor, shape);
  return { shape, dtype: kind.dtype, data: rowMajor };
}

/** The header is a Python dict literal of three known keys. */
function readHeader(where: Where, header: Uint8Array) {
  const text = new TextDecoder().decode(header);
  const descr = /'descr'\s*:\s*'([^']{1,16})'/.exec(text)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shapeText = /'shape'\s*:\s*\(([0-9,\sL]{0,400})\)/.exec(text)?.[1];
  if (!/'descr'/.test(text) || fortran === undefined || shapeText === undefined) {
    throw decodeError(where, "corrupt", {
      what: "the .npy header cannot be read",
      got: JSON.stringify(text.slice(0, 120)),
    });
  }
  const kind = descr === undefined ? undefined : KINDS[descr.slice(1)];
  if (!kind || !"<>|=".includes(descr![0]!)) {
    throw decodeError(where, "unsupported", {
      what: "array type",
      got: descr ?? "a structured array",
      expected: "booleans, integers, float32 or float64",
      hint: "Object arrays would run code when read; save with a numeric dtype",
    });
  }
  const shape = shapeText
    .split(",")
    .map((part) => part.trim().replace(/L$/, ""))
    .filter((part) => part !== "")
    .map(Number);
  if (shape.length > MAX_DIMENSIONS || shape.some((dim) => !Number.isSafeInteger(dim))) {
    throw decodeError(where, "corrupt", { what: "bad shape", got: `(${shapeText.slice(0, 60)})` });
  }
  return { kind, littleEndian: descr![0] !== ">", fortran: fortran === "True", shape };
}
