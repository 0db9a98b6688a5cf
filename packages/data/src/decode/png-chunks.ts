import { crc32 } from "./crc32";
import { decodeError, type Where } from "./errors";
import { firstBytes, sniffFormat } from "./sniff";

/** What the guard learned of a PNG without decoding it. */
export interface PngChunks {
  width: number;
  height: number;
  depth: 1 | 2 | 4 | 8 | 16;
  colorType: 0 | 2 | 3 | 4 | 6;
  interlaced: boolean;
  channels: number;
  /** Exact size of the filtered scanlines that the IDAT chunks must inflate to. */
  rawBytes: number;
  /** The compressed image data of all IDAT chunks, joined: a million tiny chunks would cost a million calls. */
  idat: Uint8Array;
  palette?: Uint8Array;
  transparency?: Uint8Array;
  /** Pixels a metre, if pHYs gives that unit and both axes agree. */
  pixelsPerMetre?: number;
}

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const DEPTHS: Record<number, readonly number[]> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
/** Adam7 passes: first column, first row, column step, row step (PNG specification, section 8.2). */
export const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of the filtered scanlines: one filter byte and the packed samples a line, per pass if interlaced. */
function scanlineBytes(width: number, height: number, bitsPerPixel: number, interlaced: boolean): number {
  const plain = (w: number, h: number) => (w > 0 && h > 0 ? h * (1 + Math.ceil((w * bitsPerPixel) / 8)) : 0);
  if (!interlaced) return plain(width, height);
  let total = 0;
  for (const [x, y, dx, dy] of ADAM7) total += plain(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy));
  return total;
}

/**
 * Walks every chunk of a PNG, checks order, lengths and CRCs, and reads the header; allocates nothing in proportion to
 * the claimed size. Throws DecodeError.
 */
export function readPngChunks(where: Where, bytes: Uint8Array): PngChunks {
  if (sniffFormat(bytes) !== "png") {
    throw decodeError(where, "not-an-image", { what: "this is no PNG", got: firstBytes(bytes) });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let header: PngChunks | undefined;
  for (let offset = 8; ; ) {
    if (offset + 12 > bytes.length) {
      throw decodeError(where, "truncated", {
        what: "the PNG ends without its IEND chunk",
        got: `${bytes.length} bytes`,
      });
    }
    const length = view.getUint32(offset);
    const body = offset + 8;
    if (length > 0x7fffffff) throw decodeError(where, "corrupt", { what: `bad chunk length ${length}` });
    if (body + length + 4 > bytes.length) {
      throw decodeError(where, "truncated", {
        what: "the PNG ends inside a chunk",
        got: `${bytes.length} bytes`,
        expected: `at least ${body + length + 4}`,
      });
    }
    const type = String.fromCharCode(...bytes.subarray(offset + 4, body));
    if (!/^[A-Za-z]{4}$/.test(type)) {
      throw decodeError(where, "corrupt", { what: `bad chunk type at byte ${offset + 4}` });
    }
    const data = bytes.subarray(body, body + length);
    const crc = crc32(bytes.subarray(offset + 4, body + length));
    if (crc !== view.getUint32(body + length)) {
      throw decodeError(where, "corrupt", {
        what: `the ${type} chunk does not match its checksum`,
        hint: "The file was damaged; copy it again",
      });
    }
    if (!header) header = readHeader(where, type, data);
    else if (type === "IEND") break;
    else if (type === "IDAT") parts.push(data);
    else addChunk(where, header, type, data);
    offset = body + length + 4;
  }
  header.idat = parts.length === 1 ? parts[0]! : join(parts);
  if (header.idat.length === 0) throw decodeError(where, "corrupt", { what: "the PNG holds no image data" });
  if (header.colorType === 3 && !header.palette)
    throw decodeError(where, "corrupt", { what: "the palette is missing" });
  return header;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function readHeader(where: Where, type: string, data: Uint8Array): PngChunks {
  if (type !== "IHDR" || data.length !== 13) {
    throw decodeError(where, "corrupt", {
      what: "the PNG does not start with its header",
      got: `${type}, ${data.length} bytes`,
    });
  }
  const view = new DataView(data.buffer, data.byteOffset, 13);
  const [depth, colorType, compression, filter, interlace] = data.subarray(8) as unknown as number[];
  if (!DEPTHS[colorType!]?.includes(depth!)) {
    throw decodeError(where, "corrupt", {
      what: "impossible pixel type",
      got: `colour type ${colorType}, ${depth} bits`,
    });
  }
  if (compression !== 0 || filter !== 0 || interlace! > 1) {
    throw decodeError(where, "corrupt", {
      what: "unknown PNG method",
      got: `compression ${compression}, filter ${filter}, interlace ${interlace}`,
    });
  }
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  const channels = CHANNELS[colorType!]!;
  return {
    width,
    height,
    depth: depth as PngChunks["depth"],
    colorType: colorType as PngChunks["colorType"],
    interlaced: interlace === 1,
    channels,
    rawBytes: scanlineBytes(width, height, channels * depth!, interlace === 1),
    idat: new Uint8Array(0),
  };
}

function addChunk(where: Where, header: PngChunks, type: string, data: Uint8Array): void {
  if (type === "PLTE") {
    if (header.palette || data.length === 0 || data.length % 3 !== 0 || data.length > 768) {
      throw decodeError(where, "corrupt", { what: "bad palette", got: `${data.length} bytes` });
    }
    header.palette = data;
  } else if (type === "tRNS") {
    const expected = header.colorType === 0 ? 2 : header.colorType === 2 ? 6 : -1;
    const fits = header.colorType === 3 ? data.length <= 256 : data.length === expected;
    if (!fits) throw decodeError(where, "corrupt", { what: "bad transparency chunk", got: `${data.length} bytes` });
    header.transparency = data;
  } else if (type === "pHYs" && data.length === 9) {
    const view = new DataView(data.buffer, data.byteOffset, 9);
    const [x, y] = [view.getUint32(0), view.getUint32(4)];
    if (x === y && x > 0 && data[8] === 1) header.pixelsPerMetre = x;
  } else if (type === "IHDR" || (type.charCodeAt(0) & 32) === 0) {
    throw decodeError(where, "unsupported", { what: `unexpected critical chunk ${type}` });
  }
}
