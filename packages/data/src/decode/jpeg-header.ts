import { decodeError, type Where } from "./errors";
import { firstBytes, startsWith } from "./sniff";

/** What the guard learned of a JPEG without decoding it. */
export interface JpegHeader {
  width: number;
  height: number;
  components: number;
}

/** More passes than any encoder makes; each costs a walk over the image. */
const MAX_SCANS = 100;
const FRAME_NAMES: Record<number, string> = { 195: "lossless", 197: "hierarchical", 201: "arithmetic-coded" };

/**
 * Walks the markers of a JPEG to its end marker and reads the frame header; the size is checked against the bytes of the
 * scans, because a block of 8 x 8 samples takes at least one bit. Allocates nothing. Throws DecodeError.
 */
export function readJpegHeader(where: Where, bytes: Uint8Array): JpegHeader {
  if (!startsWith(bytes, [0xff, 0xd8, 0xff])) {
    throw decodeError(where, "not-an-image", { what: "this is no JPEG", got: firstBytes(bytes) });
  }
  const u16 = (at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
  let frame: (JpegHeader & { blocks: number }) | undefined;
  let scans = 0;
  let scanBytes = 0;
  let offset = 2;
  for (;;) {
    while (bytes[offset] === 0xff && bytes[offset + 1] === 0xff) offset++;
    const marker = bytes[offset + 1];
    if (bytes[offset] !== 0xff && offset + 1 < bytes.length) {
      throw decodeError(where, "corrupt", { what: `no marker at byte ${offset}` });
    }
    if (marker === undefined) throw endsEarly(where, bytes);
    offset += 2;
    if (marker === 0xd9) break;
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;
    const length = offset + 2 <= bytes.length ? u16(offset) : 2;
    if (length < 2) throw decodeError(where, "corrupt", { what: `bad segment length at byte ${offset}` });
    if (offset + length > bytes.length || offset + 2 > bytes.length) throw endsEarly(where, bytes);
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      if (frame) throw decodeError(where, "unsupported", { what: "more than one frame" });
      frame = readFrame(where, marker, bytes.subarray(offset, offset + length));
    }
    offset += length;
    if (marker === 0xda) {
      if (!frame) throw decodeError(where, "corrupt", { what: "image data before the frame header" });
      if (++scans > MAX_SCANS) throw decodeError(where, "corrupt", { what: `more than ${MAX_SCANS} scans` });
      const start = offset;
      // Entropy-coded data runs to the first marker that is neither a stuffed zero nor a restart.
      for (; offset < bytes.length; offset++) {
        if (bytes[offset] !== 0xff) continue;
        const next = bytes[offset + 1]!;
        if (next !== 0 && !(next >= 0xd0 && next <= 0xd7)) break;
        offset++;
      }
      scanBytes += offset - start;
    }
  }
  if (!frame || scans === 0) throw decodeError(where, "corrupt", { what: "the JPEG holds no image" });
  if (scanBytes * 8 < frame.blocks) {
    throw decodeError(where, "truncated", {
      what: "the image data cannot hold the image",
      got: `${scanBytes} bytes for ${frame.width} x ${frame.height} pixels`,
    });
  }
  return { width: frame.width, height: frame.height, components: frame.components };
}

function readFrame(where: Where, marker: number, segment: Uint8Array): JpegHeader & { blocks: number } {
  if (marker > 0xc2) {
    const got = FRAME_NAMES[marker] ?? `frame type ${(marker - 0xc0).toString()}`;
    throw decodeError(where, "unsupported", { what: "JPEG variant", got, expected: "baseline or progressive" });
  }
  const components = segment[7] ?? 0;
  if (segment.length < 8 + 3 * components)
    throw decodeError(where, "corrupt", { what: "the frame header is too short" });
  if (segment[2] !== 8) {
    throw decodeError(where, "unsupported", { what: "JPEG precision", got: `${segment[2]} bits`, expected: "8" });
  }
  if (components !== 1 && components !== 3) {
    throw decodeError(where, "unsupported", {
      what: "JPEG colours",
      got: `${components} components`,
      expected: "grey (1) or colour (3)",
      hint: "CMYK files: save as RGB",
    });
  }
  const height = (segment[3]! << 8) | segment[4]!;
  const width = (segment[5]! << 8) | segment[6]!;
  let [maxH, maxV] = [1, 1];
  const sampling: [number, number][] = [];
  for (let k = 0; k < components; k++) {
    const [h, v] = [segment[9 + 3 * k]! >> 4, segment[9 + 3 * k]! & 15];
    if (h < 1 || h > 4 || v < 1 || v > 4)
      throw decodeError(where, "corrupt", { what: `bad sampling factor ${h} x ${v}` });
    sampling.push([h, v]);
    [maxH, maxV] = [Math.max(maxH, h), Math.max(maxV, v)];
  }
  const blocks = sampling.reduce(
    (sum, [h, v]) => sum + Math.ceil((width * h) / maxH / 8) * Math.ceil((height * v) / maxV / 8),
    0,
  );
  return { width, height, components, blocks };
}

function endsEarly(where: Where, bytes: Uint8Array) {
  return decodeError(where, "truncated", {
    what: "the JPEG ends without its end marker",
    got: `${bytes.length} bytes`,
  });
}
