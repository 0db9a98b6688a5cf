/** What the first bytes say a file is. */
export type SniffedFormat = "png" | "jpeg" | "tiff" | "mat" | "npy" | "xml" | "unknown";

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const NPY = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const HDF5 = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const MATLAB = [...new TextEncoder().encode("MATLAB ")];

/** True if `bytes` has `prefix` at `offset`. */
export function startsWith(bytes: Uint8Array, prefix: readonly number[], offset = 0): boolean {
  return bytes.length >= offset + prefix.length && prefix.every((byte, i) => bytes[offset + i] === byte);
}

/** True for HDF5, the container of MAT v7.3, whose signature stands at 0 or behind a 512-byte user block. */
export function isHdf5(bytes: Uint8Array): boolean {
  return startsWith(bytes, HDF5) || startsWith(bytes, HDF5, 512);
}

/** Up to eight first bytes in hexadecimal, for messages. */
export function firstBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return "an empty file";
  const hex = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `a file of ${bytes.length} bytes that starts with ${hex.join(" ")}`;
}

/** Tells the format of a file by its first bytes, never by its name; MAT v7.3 counts as `mat`, BigTIFF as `tiff`. */
export function sniffFormat(bytes: Uint8Array): SniffedFormat {
  if (startsWith(bytes, PNG)) return "png";
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return "jpeg";
  const little = startsWith(bytes, [0x49, 0x49]);
  if (little && (bytes[2] === 42 || bytes[2] === 43) && bytes[3] === 0) return "tiff";
  if (startsWith(bytes, [0x4d, 0x4d, 0]) && (bytes[3] === 42 || bytes[3] === 43)) return "tiff";
  if (startsWith(bytes, NPY)) return "npy";
  if (startsWith(bytes, MATLAB) || isHdf5(bytes)) return "mat";
  return looksLikeXml(bytes) ? "xml" : "unknown";
}

/** Byte-order mark, white space, then `<`; UTF-16 has its mark and the `<` in either half. */
function looksLikeXml(bytes: Uint8Array): boolean {
  if (startsWith(bytes, [0xff, 0xfe, 0x3c, 0]) || startsWith(bytes, [0xfe, 0xff, 0, 0x3c])) return true;
  let i = startsWith(bytes, [0xef, 0xbb, 0xbf]) ? 3 : 0;
  while (i < bytes.length && (bytes[i] === 0x20 || (bytes[i]! >= 9 && bytes[i]! <= 13))) i++;
  return bytes[i] === 0x3c;
}
