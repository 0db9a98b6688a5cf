import { CheckpointError } from "./errors";

/** Element types, by their short names. `f16` and `bf16` are kept as raw 16-bit patterns in a `Uint16Array`; `bool` as 0/1 bytes. */
export type Dtype =
  | "bool"
  | "u8"
  | "i8"
  | "i16"
  | "u16"
  | "f16"
  | "bf16"
  | "i32"
  | "u32"
  | "f32"
  | "f64"
  | "i64"
  | "u64";

/** The typed arrays that hold tensor data. */
export type TensorData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

interface DtypeInfo {
  readonly bytes: 1 | 2 | 4 | 8;
  /** The name in a safetensors header. */
  readonly safetensors: string;
  /** Position in the reference library's dtype list; its writer orders tensors by it, descending. */
  readonly rank: number;
  readonly floating: boolean;
}

/** Everything that depends on the element type alone. */
export const DTYPES: Readonly<Record<Dtype, DtypeInfo>> = {
  bool: { bytes: 1, safetensors: "BOOL", rank: 0, floating: false },
  u8: { bytes: 1, safetensors: "U8", rank: 1, floating: false },
  i8: { bytes: 1, safetensors: "I8", rank: 2, floating: false },
  i16: { bytes: 2, safetensors: "I16", rank: 3, floating: false },
  u16: { bytes: 2, safetensors: "U16", rank: 4, floating: false },
  f16: { bytes: 2, safetensors: "F16", rank: 5, floating: true },
  bf16: { bytes: 2, safetensors: "BF16", rank: 6, floating: true },
  i32: { bytes: 4, safetensors: "I32", rank: 7, floating: false },
  u32: { bytes: 4, safetensors: "U32", rank: 8, floating: false },
  f32: { bytes: 4, safetensors: "F32", rank: 9, floating: true },
  f64: { bytes: 8, safetensors: "F64", rank: 10, floating: true },
  i64: { bytes: 8, safetensors: "I64", rank: 11, floating: false },
  u64: { bytes: 8, safetensors: "U64", rank: 12, floating: false },
};

/** A zeroed array for `count` elements of `dtype`. */
export function allocate(dtype: Dtype, count: number): TensorData {
  switch (dtype) {
    case "bool":
    case "u8":
      return new Uint8Array(count);
    case "i8":
      return new Int8Array(count);
    case "i16":
      return new Int16Array(count);
    case "u16":
    case "f16":
    case "bf16":
      return new Uint16Array(count);
    case "i32":
      return new Int32Array(count);
    case "u32":
      return new Uint32Array(count);
    case "f32":
      return new Float32Array(count);
    case "f64":
      return new Float64Array(count);
    case "i64":
      return new BigInt64Array(count);
    case "u64":
      return new BigUint64Array(count);
  }
}

/** The bytes of a typed array, without copying. WebGPU hosts are little-endian, as all formats here are. */
export function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** True where `data` is the kind of array that holds `dtype`. */
export function holds(dtype: Dtype, data: TensorData): boolean {
  return Object.prototype.toString.call(data) === Object.prototype.toString.call(allocate(dtype, 0));
}

/** The dtype that an array holds when nothing else is said, or undefined for something that is no tensor data. */
export function inferDtype(data: TensorData): Dtype | undefined {
  const names: readonly Dtype[] = ["f32", "u8", "i8", "i16", "u16", "i32", "u32", "f64", "i64", "u64"];
  return names.find((dtype) => holds(dtype, data));
}

/** Copies floating-point data of any width into `target` as f32 (round to nearest even from f64). `source` is never an integer type. */
export function convertToFloat32(dtype: Dtype, source: TensorData, target: Float32Array): void {
  if (dtype === "f16") halfToFloat32(source as Uint16Array, target);
  else if (dtype === "bf16") bfloat16ToFloat32(source as Uint16Array, target);
  else if (dtype === "f32" || dtype === "f64") target.set(source as Float32Array | Float64Array);
  else throw new CheckpointError("argument", `[convertToFloat32] ${dtype} is not a floating-point type.`);
}

/** IEEE 754 binary16 to binary32, exact, NaN payloads kept. */
export function halfToFloat32(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) {
    const h = source[i] as number;
    const sign = (h & 0x8000) << 16;
    const exponent = (h >> 10) & 0x1f;
    const fraction = h & 0x3ff;
    if (exponent === 0) target[i] = (sign === 0 ? 1 : -1) * fraction * 2 ** -24;
    else if (exponent === 31) bits[i] = sign | 0x7f800000 | (fraction << 13);
    else bits[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
  }
}

/** bfloat16 is the upper half of a binary32: exact. */
export function bfloat16ToFloat32(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) bits[i] = (source[i] as number) << 16;
}
