import { decodeError, type Where } from "../errors";
import { checkDimensions, DEFAULT_MAX_BYTES, DEFAULT_MAX_PIXELS, type DecodeOptions } from "../raster";
import { CODECS, REFUSED_SCHEMES, type TiffCodec } from "./codecs";
import { Tag, type TiffDirectory } from "./directory";

/** Everything about the pixels of one page, checked against the file before any of them is read. */
export interface TiffLayout {
  width: number;
  height: number;
  samples: number;
  bits: 1 | 2 | 4 | 8 | 16 | 32;
  /** 1 unsigned, 2 signed, 3 floating point. */
  sampleFormat: number;
  /** 0 white is zero, 1 black is zero, 2 RGB, 3 palette. */
  photometric: number;
  /** Samples of one pixel that stand together: `samples`, or 1 where each channel has its own strips. */
  samplesTogether: number;
  predictor: boolean;
  codec?: TiffCodec;
  /** Pieces are strips as wide as the image, or tiles; the last row of strips may be lower. */
  pieceWidth: number;
  pieceHeight: number;
  tiled: boolean;
  offsets: Uint32Array;
  byteCounts: Uint32Array;
}

const MAX_SAMPLES = 16;
/** Some writers store equal pieces once; without a limit, one costly piece listed a million times would stall the reader. */
const MAX_SHARING = 4;

/** Derives and checks the layout of a page. Throws DecodeError before anything is allocated in proportion to its claims. */
export function readLayout(where: Where, bytes: Uint8Array, dir: TiffDirectory, options: DecodeOptions): TiffLayout {
  const width = dir.integer(Tag.ImageWidth, 0);
  const height = dir.integer(Tag.ImageLength, 0);
  const samples = dir.integer(Tag.SamplesPerPixel, 1);
  const photometric = dir.integer(Tag.Photometric, samples >= 3 ? 2 : 1);
  const refuse = (what: string, got: string, expected: string, hint?: string) =>
    decodeError(where, "unsupported", { what, got, expected, hint });

  if (samples < 1 || samples > MAX_SAMPLES) throw refuse("TIFF channels", `${samples} a pixel`, `1 to ${MAX_SAMPLES}`);
  const allBits = dir.integers(Tag.BitsPerSample, samples) ?? Uint32Array.of(1);
  const bits = allBits[0]!;
  if (![1, 2, 4, 8, 16, 32].includes(bits) || allBits.some((b) => b !== bits) || (bits < 8 && samples > 1)) {
    throw refuse("TIFF bit depth", `${[...allBits].join(", ")} bits`, "8, 16 or 32, or 1, 2 or 4 in one channel");
  }
  const sampleFormat = dir.integer(Tag.SampleFormat, 1);
  if (sampleFormat === 4) throw refuse("TIFF sample type", "undefined", "integers");
  if (sampleFormat > 4 || sampleFormat < 1 || (sampleFormat === 3 && bits !== 32)) {
    throw refuse("TIFF sample type", `format ${sampleFormat} of ${bits} bits`, "integers", "Save it as 8 or 16 bit");
  }
  if (photometric > 3) {
    throw refuse("TIFF colours", `photometric ${photometric}`, "grey, RGB or palette", "Save it as RGB");
  }
  if ((photometric === 2 && samples < 3) || (photometric === 3 && (samples !== 1 || bits > 16))) {
    throw decodeError(where, "corrupt", {
      what: "colours and channels disagree",
      got: `photometric ${photometric}, ${samples} channels of ${bits} bits`,
    });
  }
  if (dir.integer(Tag.FillOrder, 1) !== 1) throw refuse("TIFF bit order", "low bit first", "high bit first");
  const scheme = dir.integer(Tag.Compression, 1);
  const codec = CODECS[scheme];
  if (!codec && scheme !== 1) {
    const got = `${REFUSED_SCHEMES[scheme] ?? "unknown"} (${scheme})`;
    throw refuse("TIFF compression", got, "none, LZW, PackBits or Deflate", "Save it uncompressed or as PNG");
  }
  const predictor = codec?.usesPredictor ? dir.integer(Tag.Predictor, 1) : 1;
  if (predictor < 1 || predictor > 2 || (predictor === 2 && bits < 8)) {
    throw refuse("TIFF predictor", `${predictor} with ${bits} bits`, "none, or horizontal with 8 bits and more");
  }
  const planar = dir.integer(Tag.PlanarConfiguration, 1);
  if (planar !== 1 && planar !== 2) throw decodeError(where, "corrupt", { what: `bad planar configuration ${planar}` });
  checkDimensions(
    where,
    { width, height, channels: photometric === 3 ? 3 : samples, bytesPerSample: bits <= 8 ? 1 : bits / 8 },
    options,
  );

  const tiled = dir.integer(Tag.TileWidth, 0) > 0;
  const pieceWidth = tiled ? dir.integer(Tag.TileWidth, 0) : width;
  const pieceHeight = tiled ? dir.integer(Tag.TileLength, 0) : Math.min(dir.integer(Tag.RowsPerStrip, height), height);
  if (pieceHeight < 1) throw decodeError(where, "corrupt", { what: `${tiled ? "tile" : "strip"} without rows` });
  const [across, down] = [Math.ceil(width / pieceWidth), Math.ceil(height / pieceHeight)];
  const samplesTogether = planar === 2 ? 1 : samples;
  const pieces = across * down * (samples / samplesTogether);
  // Tiles may overhang, though not so far that a small image costs a large one's work and memory.
  const paddedPixels = across * pieceWidth * down * pieceHeight;
  const pieceBytes = pieceHeight * Math.ceil((pieceWidth * samplesTogether * bits) / 8);
  if (tiled && paddedPixels > 2 * (options.maxPixels ?? DEFAULT_MAX_PIXELS) + 2 ** 22) {
    throw decodeError(where, "too-large", {
      what: "the tiles are too large",
      got: `${pieceWidth} x ${pieceHeight} pixels`,
    });
  }
  if (pieceBytes > Math.max(2 ** 24, options.maxBytes ?? DEFAULT_MAX_BYTES)) {
    throw decodeError(where, "too-large", { what: "a tile or strip is too large", got: `${pieceBytes} bytes` });
  }

  const layout: Omit<TiffLayout, "offsets" | "byteCounts"> = {
    width,
    height,
    samples,
    bits: bits as TiffLayout["bits"],
    sampleFormat,
    photometric,
    samplesTogether,
    predictor: predictor === 2,
    codec,
    pieceWidth,
    pieceHeight,
    tiled,
  };
  return { ...layout, ...readPieces(where, bytes, dir, layout, pieces) };
}

/** Rows of the strip or tile row `row`, and the bytes that they decode to. */
export function pieceSize(
  layout: Omit<TiffLayout, "offsets" | "byteCounts">,
  row: number,
): { rows: number; lineBytes: number } {
  const { tiled, height, pieceHeight, pieceWidth, samplesTogether, bits } = layout;
  return {
    rows: tiled ? pieceHeight : Math.min(pieceHeight, height - row * pieceHeight),
    lineBytes: Math.ceil((pieceWidth * samplesTogether * bits) / 8),
  };
}

function readPieces(
  where: Where,
  bytes: Uint8Array,
  dir: TiffDirectory,
  layout: Omit<TiffLayout, "offsets" | "byteCounts">,
  pieces: number,
): Pick<TiffLayout, "offsets" | "byteCounts"> {
  const { tiled, codec, width, height, pieceWidth, pieceHeight } = layout;
  // Some writers leave tiles in the strip tags.
  const offsets = (tiled ? dir.integers(Tag.TileOffsets, pieces) : undefined) ?? dir.integers(Tag.StripOffsets, pieces);
  let byteCounts =
    (tiled ? dir.integers(Tag.TileByteCounts, pieces) : undefined) ?? dir.integers(Tag.StripByteCounts, pieces);
  if (!offsets || offsets.length < pieces || (byteCounts && byteCounts.length < pieces) || (!byteCounts && codec)) {
    throw decodeError(where, "corrupt", {
      what: "the table of image pieces is incomplete",
      got: `${offsets?.length ?? 0} offsets, ${byteCounts?.length ?? 0} sizes`,
      expected: `${pieces} each`,
    });
  }
  const [across, down] = [Math.ceil(width / pieceWidth), Math.ceil(height / pieceHeight)];
  let total = 0;
  const derived = byteCounts ? undefined : new Uint32Array(pieces);
  for (let i = 0; i < pieces; i++) {
    const { rows, lineBytes } = pieceSize(layout, Math.floor((i % (across * down)) / across));
    const needed = rows * lineBytes;
    if (derived) derived[i] = needed;
    const held = derived ? needed : byteCounts![i]!;
    if (offsets[i]! + held > bytes.length) {
      throw decodeError(where, "truncated", {
        what: `image piece ${i} lies outside the file`,
        got: `bytes ${offsets[i]} to ${offsets[i]! + held} of ${bytes.length}`,
      });
    }
    total += held;
    if (held * (codec?.maxRatio ?? 1) < needed) {
      throw decodeError(where, "truncated", {
        what: `image piece ${i} is too short`,
        got: `${held} bytes`,
        expected: `${needed} decoded`,
      });
    }
  }
  if (total > MAX_SHARING * bytes.length) {
    throw decodeError(where, "corrupt", {
      what: "the image pieces overlap in the file",
      got: `${total} bytes of pieces in ${bytes.length} bytes`,
      expected: `at most ${MAX_SHARING} times the file`,
    });
  }
  byteCounts ??= derived!;
  return { offsets, byteCounts };
}
