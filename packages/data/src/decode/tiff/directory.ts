import { decodeError, type Where } from "../errors";
import { firstBytes, sniffFormat } from "../sniff";

/** Tag numbers of TIFF 6.0 that the reader looks at. */
export const Tag = {
  ImageWidth: 256,
  ImageLength: 257,
  BitsPerSample: 258,
  Compression: 259,
  Photometric: 262,
  FillOrder: 266,
  ImageDescription: 270,
  StripOffsets: 273,
  SamplesPerPixel: 277,
  RowsPerStrip: 278,
  StripByteCounts: 279,
  XResolution: 282,
  YResolution: 283,
  PlanarConfiguration: 284,
  ResolutionUnit: 296,
  Predictor: 317,
  ColorMap: 320,
  TileWidth: 322,
  TileLength: 323,
  TileOffsets: 324,
  TileByteCounts: 325,
  SampleFormat: 339,
} as const;

const TYPE_BYTES: Record<number, number> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
};
/** Real directories hold some 20 entries; a scanner vendor's may hold a few hundred. */
const MAX_ENTRIES = 4096;
const MAX_DIRECTORIES = 65_536;
const MAX_TEXT_BYTES = 1 << 20;

interface Entry {
  type: number;
  count: number;
  offset: number;
}

/** The first directory of a TIFF; values are read from the file when asked for. */
export interface TiffDirectory {
  littleEndian: boolean;
  /** Number of directories (pages) in the file. */
  pages: number;
  /** Unsigned integers of a tag, at most `limit` of them; undefined if the tag is absent. */
  integers(tag: number, limit: number): Uint32Array | undefined;
  /** The first integer of a tag, or `fallback`. */
  integer(tag: number, fallback: number): number;
  rational(tag: number): number | undefined;
  text(tag: number): string | undefined;
}

/**
 * Reads the header and the first directory of a classic TIFF and walks the chain of the others for loops.
 * Every offset is checked against the file. Throws DecodeError; BigTIFF is refused as `unsupported`.
 */
export function readDirectory(where: Where, bytes: Uint8Array): TiffDirectory {
  if (sniffFormat(bytes) !== "tiff") {
    throw decodeError(where, "not-an-image", { what: "this is no TIFF", got: firstBytes(bytes) });
  }
  const littleEndian = bytes[0] === 0x49;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number) => view.getUint16(at, littleEndian);
  const u32 = (at: number) => view.getUint32(at, littleEndian);
  if (u16(2) === 43) {
    throw decodeError(where, "unsupported", { what: "BigTIFF", hint: "Save the region as a classic TIFF or PNG" });
  }
  if (bytes.length < 8) throw decodeError(where, "truncated", { what: "the TIFF ends inside its header" });

  const seen = new Set<number>();
  const first = u32(4);
  for (let at = first; at !== 0; ) {
    if (seen.has(at)) throw decodeError(where, "corrupt", { what: `the directories form a loop at byte ${at}` });
    seen.add(at);
    if (seen.size > MAX_DIRECTORIES)
      throw decodeError(where, "too-large", { what: `more than ${MAX_DIRECTORIES} pages` });
    const entries = at + 2 <= bytes.length ? u16(at) : 0;
    if (at + 2 + entries * 12 + 4 > bytes.length) {
      throw decodeError(where, "truncated", {
        what: `a directory at byte ${at} lies outside the file`,
        got: `${bytes.length} bytes`,
      });
    }
    at = u32(at + 2 + entries * 12);
  }
  if (first === 0) throw decodeError(where, "corrupt", { what: "the TIFF has no directory" });

  const count = u16(first);
  if (count > MAX_ENTRIES) {
    throw decodeError(where, "corrupt", { what: "too many tags", got: `${count}`, expected: `at most ${MAX_ENTRIES}` });
  }
  const entries = new Map<number, Entry>();
  for (let i = 0; i < count; i++) {
    const at = first + 2 + i * 12;
    const [tag, type, values] = [u16(at), u16(at + 2), u32(at + 4)];
    const valueBytes = (TYPE_BYTES[type] ?? 0) * values;
    if (!entries.has(tag)) entries.set(tag, { type, count: values, offset: valueBytes <= 4 ? at + 8 : u32(at + 8) });
  }

  /** The entry with its values proven to lie inside the file. */
  const find = (tag: number, limit: number, types: readonly number[]): Entry | undefined => {
    const entry = entries.get(tag);
    if (!entry || entry.count === 0) return undefined;
    if (!types.includes(entry.type)) {
      throw decodeError(where, "corrupt", { what: `tag ${tag} has the wrong type`, got: `type ${entry.type}` });
    }
    const read = Math.min(entry.count, limit);
    if (entry.offset + read * TYPE_BYTES[entry.type]! > bytes.length) {
      throw decodeError(where, "truncated", {
        what: `the values of tag ${tag} lie outside the file`,
        got: `${bytes.length} bytes`,
      });
    }
    return { ...entry, count: read };
  };

  const integers = (tag: number, limit: number): Uint32Array | undefined => {
    const entry = find(tag, limit, [1, 3, 4]);
    if (!entry) return undefined;
    const out = new Uint32Array(entry.count);
    for (let i = 0; i < out.length; i++) {
      const { type, offset } = entry;
      out[i] = type === 1 ? bytes[offset + i]! : type === 3 ? u16(offset + 2 * i) : u32(offset + 4 * i);
    }
    return out;
  };
  return {
    littleEndian,
    pages: seen.size,
    integers,
    integer: (tag, fallback) => integers(tag, 1)?.[0] ?? fallback,
    rational(tag) {
      const entry = find(tag, 1, [5]);
      if (!entry) return undefined;
      const denominator = u32(entry.offset + 4);
      return denominator === 0 ? undefined : u32(entry.offset) / denominator;
    },
    text(tag) {
      const entry = find(tag, MAX_TEXT_BYTES, [1, 2, 7]);
      if (!entry) return undefined;
      // A copy, because TextDecoder refuses shared memory.
      return new TextDecoder().decode(bytes.slice(entry.offset, entry.offset + entry.count)).replace(/\0[\s\S]*$/, "");
    },
  };
}
