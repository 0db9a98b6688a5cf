import { deflate } from "./deflate";
import { InstancesError } from "./errors";
import { expectSize, type LabelInput, largestId } from "./label-map";

/**
 * A label map as a 16-bit grey PNG, the value of a pixel its id. Opens everywhere (`skimage.io.imread`, QuPath, ImageJ).
 *
 * @throws InstancesError for a label over 65,535 (nothing wraps round; `encodeLabelTiff` takes those) or an image without pixels
 */
export async function encodeLabelPng(map: LabelInput): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, data } = map;
  expectSize("encodeLabelPng", map, data);
  if (width === 0 || height === 0)
    throw new InstancesError("encodeLabelPng", "a PNG has pixels", `${width} x ${height}`, "sides of at least 1");
  const max = largestId("encodeLabelPng", data);
  if (max > 0xffff)
    throw new InstancesError(
      "encodeLabelPng",
      "16 bits hold no such label",
      `label ${max}`,
      "labels up to 65,535",
      "encodeLabelTiff writes 32 bits; relabel closes gaps between ids.",
    );
  // Each row: filter "up" (2), then the difference to the row above, byte by byte: labels repeat downwards, so mostly zeros.
  const stride = 1 + 2 * width;
  const rows = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    rows[y * stride] = 2;
    for (let x = 0; x < width; x++) {
      const id = data[y * width + x]!;
      const above = y > 0 ? data[(y - 1) * width + x]! : 0;
      rows[y * stride + 1 + 2 * x] = (id >> 8) - (above >> 8);
      rows[y * stride + 2 + 2 * x] = id - above;
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 16;
  const parts = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    chunk("IDAT", await deflate(rows)),
    chunk("IEND", new Uint8Array()),
  ];
  const png = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    png.set(part, at);
    at += part.length;
  }
  return png;
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  for (let k = 0; k < 4; k++) bytes[4 + k] = type.charCodeAt(k);
  bytes.set(body, 8);
  view.setUint32(body.length + 8, crc32(bytes.subarray(4, body.length + 8)));
  return bytes;
}

/** The CRC of PNG (polynomial 0xedb88320), table-driven. */
function crc32(bytes: Uint8Array): number {
  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    table[n] = c;
  }
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
