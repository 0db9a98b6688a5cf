import { deflate } from "./deflate";
import { InstancesError } from "./errors";
import { expectSize, type LabelInput, largestId } from "./label-map";

const SHORT = 3;
const LONG = 4;
/** Strips of about this many bytes, as TIFF 6 recommends for readers with little memory, but not that tiny. */
const STRIP_BYTES = 1 << 18;

/**
 * A label map as a 32-bit unsigned grey TIFF (little-endian, baseline tags, strips), the value of a pixel its id: every label
 * fits. `compression` is "deflate" (default, tag 8) or "none".
 *
 * @throws InstancesError for an image without pixels or a file over 4 GiB, which classic TIFF cannot address
 */
export async function encodeLabelTiff(
  map: LabelInput,
  options: { compression?: "deflate" | "none" } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, data } = map;
  const { compression = "deflate" } = options;
  expectSize("encodeLabelTiff", map, data);
  largestId("encodeLabelTiff", data);
  if (width === 0 || height === 0)
    throw new InstancesError("encodeLabelTiff", "a TIFF has pixels", `${width} x ${height}`, "sides of at least 1");
  if (compression !== "deflate" && compression !== "none")
    throw new InstancesError("encodeLabelTiff", "compression is unknown", String(compression), '"deflate" or "none"');
  const rowsPerStrip = Math.min(height, Math.max(1, Math.floor(STRIP_BYTES / (4 * width))));
  const strips: Uint8Array[] = [];
  for (let y = 0; y < height; y += rowsPerStrip) {
    const bytes = littleEndian(data, y * width, Math.min(height, y + rowsPerStrip) * width);
    strips.push(compression === "deflate" ? await deflate(bytes) : bytes);
  }

  const tags = 11;
  const tables = 8 + 2 + 12 * tags + 4;
  const first = tables + (strips.length > 1 ? 8 * strips.length : 0);
  const size = strips.reduce((n, strip) => n + strip.length, first);
  if (size > 0xffffffff)
    throw new InstancesError("encodeLabelTiff", "the file is too long", `${size} bytes`, "under 4 GiB", "Write tiles.");
  const tiff = new Uint8Array(size);
  const view = new DataView(tiff.buffer);
  view.setUint32(0, 0x002a4949, true);
  view.setUint32(4, 8, true);
  view.setUint16(8, tags, true);
  let at = 10;
  const tag = (id: number, type: number, value: number, count = 1): void => {
    view.setUint16(at, id, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, count, true);
    if (type === SHORT) view.setUint16(at + 8, value, true);
    else view.setUint32(at + 8, value, true);
    at += 12;
  };
  // One strip's offset and length stand in the tag itself, several in a table that it points to.
  const one = strips.length === 1;
  tag(256, LONG, width);
  tag(257, LONG, height);
  tag(258, SHORT, 32);
  tag(259, SHORT, compression === "deflate" ? 8 : 1);
  tag(262, SHORT, 1); // black is zero
  tag(273, LONG, one ? first : tables, strips.length);
  tag(277, SHORT, 1);
  tag(278, LONG, rowsPerStrip);
  tag(279, LONG, one ? strips[0]!.length : tables + 4 * strips.length, strips.length);
  tag(284, SHORT, 1);
  tag(339, SHORT, 1); // unsigned whole numbers
  let offset = first;
  strips.forEach((strip, k) => {
    if (!one) {
      view.setUint32(tables + 4 * k, offset, true);
      view.setUint32(tables + 4 * (strips.length + k), strip.length, true);
    }
    tiff.set(strip, offset);
    offset += strip.length;
  });
  return tiff;
}

function littleEndian(data: LabelInput["data"], from: number, to: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 * (to - from));
  const view = new DataView(bytes.buffer);
  for (let i = from; i < to; i++) view.setUint32(4 * (i - from), data[i]!, true);
  return bytes;
}
