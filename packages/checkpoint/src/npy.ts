import type { CheckpointTensor } from "./checkpoint";
import { allocate, bytesOf, DTYPES, type Dtype, holds, inferDtype, type TensorData } from "./dtype";
import { CheckpointError, quoteName } from "./errors";
import { checkShape, elementCount, gather, isContiguous, MAX_DIMS } from "./shape";

const DESCRIPTORS: readonly (readonly [Dtype, string])[] = [
  ["bool", "|b1"],
  ["u8", "|u1"],
  ["i8", "|i1"],
  ["u16", "<u2"],
  ["i16", "<i2"],
  ["f16", "<f2"],
  ["u32", "<u4"],
  ["i32", "<i4"],
  ["f32", "<f4"],
  ["u64", "<u8"],
  ["i64", "<i8"],
  ["f64", "<f8"],
];

/** NumPy itself refuses headers above 10,000 bytes unless told otherwise. */
const MAX_HEADER_BYTES = 10_000;

function fail(code: "corrupt" | "truncated" | "unsupported", problem: string): never {
  throw new CheckpointError(code, `[readNpy] ${problem}`);
}

interface NpyHeader {
  readonly dtype: Dtype;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** The header is a Python dict literal of exactly three keys. */
function parseHeader(text: string): NpyHeader {
  const invalid = (): never =>
    fail(
      "corrupt",
      `the header is not valid. Got ${quoteName(text)}. Expected {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }.`,
    );
  const values = new Map<string, string>();
  const body = /^\s*\{\s*(.*?)\s*\}[ \n\0]*$/s.exec(text)?.[1] ?? invalid();
  const member = /(?:'(\w+)'|"(\w+)")\s*:\s*('[^'\\]*'|"[^"\\]*"|True|False|\([\d\s,L]*\)|\[)\s*(?:,\s*|$)/y;
  while (member.lastIndex < body.length) {
    const at = member.lastIndex;
    const match = member.exec(body);
    if (match?.[3] === "[" || /^\w*['"]descr['"]\s*:\s*\[/.test(body.slice(at))) {
      fail(
        "unsupported",
        "structured arrays are not read. Expected a single number type. Save each field as an array of its own.",
      );
    }
    const key = match?.[1] ?? match?.[2];
    if (!match || key === undefined || values.has(key)) return invalid();
    values.set(key, match[3] as string);
  }
  const descr = values.get("descr") ?? "";
  const order = values.get("fortran_order") ?? "";
  const shape = values.get("shape") ?? "";
  if (values.size !== 3 || !/^['"]/.test(descr) || !/^(True|False)$/.test(order) || !shape.startsWith("("))
    return invalid();
  const dims = /^\(\s*((?:\d+L?\s*,\s*)*)(\d+L?)?\s*\)$/.exec(shape);
  // "(3)" is a number in Python, not a tuple.
  if (!dims || (dims[1] === "" && dims[2] !== undefined)) return invalid();
  const sizes = (shape.match(/\d+/g) ?? []).map(Number);
  if (sizes.length > MAX_DIMS || !sizes.every(Number.isSafeInteger)) return invalid();
  return { dtype: dtypeOf(descr.slice(1, -1)), fortran: order === "True", shape: sizes };
}

function dtypeOf(descr: string): Dtype {
  const normal = /^[<=|][bui]1$/.test(descr) ? `|${descr.slice(1)}` : descr;
  const known = DESCRIPTORS.find(([, name]) => name === normal)?.[0];
  if (known) return known;
  const hint = descr.startsWith(">")
    ? "Big-endian: save array.astype(array.dtype.newbyteorder('<'))."
    : descr.includes("O")
      ? "Object arrays are pickles, which are never executed."
      : "Convert it with astype first.";
  return fail(
    "unsupported",
    `this element type is not read. Got ${quoteName(descr)}. Expected one of ${DESCRIPTORS.map(([, d]) => d).join(", ")}. ${hint}`,
  );
}

/**
 * Reads a NumPy `.npy` file (versions 1 to 3) into row-major memory of its own; Fortran order is transposed.
 * Throws `CheckpointError` for anything that is not exactly header plus data.
 */
export function readNpy(bytes: Uint8Array): CheckpointTensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 10) fail("truncated", `the file is too short. Got ${bytes.length} bytes. Expected a .npy header.`);
  if (String.fromCharCode(...bytes.subarray(0, 6)) !== "\x93NUMPY")
    fail("corrupt", "the file does not start with \\x93NUMPY.");
  const version = bytes[6] as number;
  if (version < 1 || version > 3 || bytes[7] !== 0)
    fail("unsupported", `unknown version ${version}.${bytes[7]}. Expected 1.0, 2.0 or 3.0.`);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) fail("truncated", "the file ends within its header.");
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES)
    fail("corrupt", `the header is too long. Got ${length} bytes. Expected at most ${MAX_HEADER_BYTES}.`);
  if (start + length > bytes.length)
    fail(
      "truncated",
      `the file ends within its header. Got ${bytes.length} bytes. Expected ${start + length} and more.`,
    );
  const text = new TextDecoder("latin1").decode(bytes.subarray(start, start + length));
  const { dtype, fortran, shape } = parseHeader(text);
  const count = elementCount(shape);
  const size = count === undefined ? Number.NaN : count * DTYPES[dtype].bytes;
  const rest = bytes.length - start - length;
  if (count === undefined || size !== rest) {
    fail(
      rest < size ? "truncated" : "corrupt",
      `shape and data disagree. Got ${rest} bytes of data. Expected ${size} for ${dtype} [${shape}].`,
    );
  }
  const data = allocate(dtype, count);
  bytesOf(data).set(bytes.subarray(start + length));
  return { dtype, shape, data: fortran ? reorder(dtype, data, shape, fortranStrides(shape)) : data };
}

function fortranStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let step = 1;
  for (const size of shape) {
    strides.push(step);
    step *= Math.max(size, 1);
  }
  return strides;
}

function reorder(dtype: Dtype, data: TensorData, shape: readonly number[], strides: readonly number[]): TensorData {
  if (isContiguous(shape, strides)) return data;
  const out = allocate(dtype, data.length);
  gather(data, out, shape, strides);
  return out;
}

/**
 * Writes a `.npy` file (version 1.0; 2.0 where the header needs it) that NumPy memory-maps: header padded to 64 bytes.
 * bf16 has no NumPy type. Throws `argument` where data, type and shape disagree.
 */
export function writeNpy(
  tensor: { readonly shape: readonly number[]; readonly data: TensorData; readonly dtype?: Dtype },
  options: { readonly fortranOrder?: boolean } = {},
): Uint8Array {
  const { shape, data } = tensor;
  const dtype = tensor.dtype ?? inferDtype(data);
  const descr = DESCRIPTORS.find(([name]) => name === dtype)?.[1];
  const count = checkShape("writeNpy", "the array", shape);
  if (dtype === undefined || descr === undefined || !holds(dtype, data) || data.length !== count) {
    throw new CheckpointError(
      "argument",
      `[writeNpy] the data does not fit its type and shape. Got ${Object.prototype.toString.call(data).slice(8, -1)} of ${data?.length}, ` +
        `dtype ${dtype}. Expected ${count} elements of a type that NumPy has (not bf16).`,
    );
  }
  const fortran = options.fortranOrder === true && shape.length > 1;
  const dims = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${dims}, }`;
  const headerEnd = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const header = `${dict.padEnd(headerEnd - 11)}\n`;
  const out = new Uint8Array(headerEnd + count * DTYPES[dtype].bytes);
  out.set(new TextEncoder().encode(header), 10);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(out.buffer).setUint16(8, header.length, true);
  out.set(bytesOf(fortran ? toFortran(dtype, data, shape) : data), headerEnd);
  return out;
}

/** Column-major order of row-major data: the row-major order of its transpose. */
function toFortran(dtype: Dtype, data: TensorData, shape: readonly number[]): TensorData {
  const reversed = [...shape].reverse();
  return reorder(dtype, data, reversed, fortranStrides(reversed));
}
