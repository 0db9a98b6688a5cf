import { decodeError, type Where } from "../errors";
import { inflateInto, MAX_DEFLATE_RATIO } from "../inflate";

/** Fills `out` from `source` and ignores what follows, or throws DecodeError. */
type PieceDecoder = (where: Where, source: Uint8Array, out: Uint8Array) => void;

/** One compression scheme and how far it can expand at most. */
export interface TiffCodec {
  name: string;
  maxRatio: number;
  /** Horizontal differencing (predictor 2) belongs to LZW and Deflate only. */
  usesPredictor: boolean;
  /** Makes the decoder for the pieces of one file; its tables serve all of them. */
  decoder(): PieceDecoder;
}

const deflate: TiffCodec = {
  name: "Deflate",
  maxRatio: MAX_DEFLATE_RATIO,
  usesPredictor: true,
  decoder: () => inflateInto,
};

/** The schemes that are read, by the value of the Compression tag; 1 (none) needs no codec. */
export const CODECS: Record<number, TiffCodec> = {
  5: { name: "LZW", maxRatio: 4096, usesPredictor: true, decoder: lzwDecoder },
  8: deflate,
  32946: deflate,
  32773: { name: "PackBits", maxRatio: 64, usesPredictor: false, decoder: () => decodePackBits },
};

/** Names of schemes that are not read, for the message. */
export const REFUSED_SCHEMES: Record<number, string> = {
  2: "CCITT RLE",
  3: "CCITT Group 3",
  4: "CCITT Group 4",
  6: "old JPEG",
  7: "JPEG",
  33003: "JPEG 2000",
  33005: "JPEG 2000",
  34712: "JPEG 2000",
  34925: "LZMA",
  50000: "Zstandard",
  50001: "WebP",
};

function tooShort(where: Where, scheme: string, got: number, expected: number) {
  return decodeError(where, "truncated", {
    what: `${scheme} data ends too early`,
    got: `${got} bytes`,
    expected: `${expected}`,
  });
}

/** PackBits (TIFF 6.0, section 9); what follows a full `out` is ignored. */
export function decodePackBits(where: Where, source: Uint8Array, out: Uint8Array): void {
  let from = 0;
  let to = 0;
  while (to < out.length) {
    if (from >= source.length) throw tooShort(where, "PackBits", to, out.length);
    const n = source[from++]!;
    if (n < 128) {
      if (from + n + 1 > source.length) throw tooShort(where, "PackBits", to, out.length);
      const end = Math.min(to + n + 1, out.length);
      for (let i = from; to < end; ) out[to++] = source[i++]!;
      from += n + 1;
    } else if (n > 128) {
      if (from >= source.length) throw tooShort(where, "PackBits", to, out.length);
      const end = Math.min(to + 257 - n, out.length);
      out.fill(source[from++]!, to, end);
      to = end;
    }
  }
}

const CLEAR = 256;
const END = 257;
const TABLE = 4096;

interface LzwTables {
  prefix: Uint16Array;
  suffix: Uint8Array;
  lengths: Uint16Array;
}

/** LZW as TIFF 6.0, section 13, has it: codes from the high bit, widths change one code early. */
export function lzwDecoder(): PieceDecoder {
  const tables: LzwTables = {
    prefix: new Uint16Array(TABLE),
    suffix: new Uint8Array(TABLE),
    lengths: new Uint16Array(TABLE),
  };
  for (let i = 0; i < 256; i++) {
    tables.suffix[i] = i;
    tables.lengths[i] = 1;
  }
  return (where, source, out) => decodeLzw(where, source, out, tables);
}

function decodeLzw(where: Where, source: Uint8Array, out: Uint8Array, { prefix, suffix, lengths }: LzwTables): void {
  if (source[0] === 0 && (source[1]! & 1) === 1) {
    throw decodeError(where, "unsupported", { what: "old-style LZW (low bit first)", hint: "Save the file again" });
  }
  let next = 258;
  let width = 9;
  let previous = -1;
  let bits = 0;
  let held = 0;
  let from = 0;
  let to = 0;
  while (to < out.length) {
    while (held < width) {
      if (from >= source.length) throw tooShort(where, "LZW", to, out.length);
      bits = ((bits << 8) | source[from++]!) & 0xffffff;
      held += 8;
    }
    held -= width;
    const code = (bits >> held) & ((1 << width) - 1);
    if (code === END) throw tooShort(where, "LZW", to, out.length);
    if (code === CLEAR) {
      next = 258;
      width = 9;
      previous = -1;
      continue;
    }
    if (code > next || (code === next && previous < 0) || (code >= 256 && previous < 0)) {
      throw decodeError(where, "corrupt", { what: "bad LZW code", got: `${code}`, expected: `at most ${next}` });
    }
    // The one code not in the table yet is the previous string followed by its own first byte.
    const known = code < next;
    const length = known ? lengths[code]! : lengths[previous]! + 1;
    let at = to + length - 1;
    let walk = known ? code : previous;
    if (!known) at--;
    for (; ; at--) {
      if (at < out.length) out[at] = suffix[walk]!;
      if (walk < 256) break;
      walk = prefix[walk]!;
    }
    const firstByte = walk;
    if (!known && to + length - 1 < out.length) out[to + length - 1] = firstByte;
    to += length;
    if (previous >= 0 && next < TABLE) {
      prefix[next] = previous;
      suffix[next] = firstByte;
      lengths[next] = lengths[previous]! + 1;
      next++;
      if (next + 1 >= 1 << width && width < 12) width++;
    }
    previous = code;
  }
}
