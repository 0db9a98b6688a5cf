import { decodeError, type Where } from "../errors";
import type { DecodeOptions, Raster } from "../raster";
import { readDirectory, Tag, type TiffDirectory } from "./directory";
import { pieceSize, readLayout, type TiffLayout } from "./layout";
import { readMicronsPerPixel } from "./resolution";

type Samples = Uint8Array | Uint16Array | Uint32Array;

/**
 * Decodes the first page of a baseline TIFF to [height, width, channels].
 *
 * Reads both byte orders, strips and tiles, no compression, LZW, PackBits and Deflate, predictor 2, chunky and planar,
 * grey (white or black is zero), RGB, RGBA and palette, 8, 16 and 32 bits; 1-, 2- and 4-bit grey is scaled to 0..255.
 * Signed and 32-bit float files are read where every value is a whole number from zero on, as in label maps. The
 * Orientation tag is not applied: annotations refer to the stored pixels. Throws DecodeError (`unsupported` for BigTIFF,
 * JPEG in TIFF and others).
 */
export function decodeTiff(bytes: Uint8Array, options: DecodeOptions = {}): Raster {
  const where: Where = { fn: "decodeTiff", name: options.name };
  const directory = readDirectory(where, bytes);
  const layout = readLayout(where, bytes, directory, options);
  const data = readPixels(where, bytes, layout, directory.littleEndian);
  const raster = toRaster(where, layout, directory, data, options);
  const micronsPerPixel = readMicronsPerPixel(directory);
  return micronsPerPixel === undefined ? raster : { ...raster, micronsPerPixel };
}

function allocate(bits: number, length: number): Samples {
  return bits <= 8 ? new Uint8Array(length) : bits === 16 ? new Uint16Array(length) : new Uint32Array(length);
}

/** All strips or tiles into one interleaved array; samples under 8 bits get a byte each, unscaled. */
function readPixels(where: Where, bytes: Uint8Array, layout: TiffLayout, littleEndian: boolean): Samples {
  const { width, height, samples, bits, samplesTogether, codec, pieceWidth, pieceHeight } = layout;
  const [across, down] = [Math.ceil(width / pieceWidth), Math.ceil(height / pieceHeight)];
  const out = allocate(bits, width * height * samples);
  const { rows: mostRows, lineBytes } = pieceSize(layout, 0);
  const lineSamples = pieceWidth * samplesTogether;
  const buffer = codec ? new Uint8Array(mostRows * lineBytes) : undefined;
  const decodePiece = codec?.decoder();
  const line = allocate(bits, lineSamples);

  for (let piece = 0; piece < layout.offsets.length; piece++) {
    const plane = Math.floor(piece / (across * down));
    const row = Math.floor((piece % (across * down)) / across);
    const left = (piece % across) * pieceWidth;
    const top = row * pieceHeight;
    const { rows } = pieceSize(layout, row);
    const offset = layout.offsets[piece]!;
    const source = bytes.subarray(offset, offset + layout.byteCounts[piece]!);
    const raw = buffer ? buffer.subarray(0, rows * lineBytes) : source;
    decodePiece?.(where, source, raw);

    const columns = Math.min(pieceWidth, width - left);
    for (let r = 0; r < Math.min(rows, height - top); r++) {
      unpackLine(raw.subarray(r * lineBytes, (r + 1) * lineBytes), line, bits, littleEndian);
      if (layout.predictor) for (let i = samplesTogether; i < lineSamples; i++) line[i]! += line[i - samplesTogether]!;
      const to = ((top + r) * width + left) * samples + plane;
      if (samplesTogether === samples) out.set(line.subarray(0, columns * samples), to);
      else for (let c = 0; c < columns; c++) out[to + c * samples] = line[c]!;
    }
  }
  return out;
}

/** One line of stored bytes to native samples. */
function unpackLine(raw: Uint8Array, line: Samples, bits: number, littleEndian: boolean): void {
  if (bits === 8) {
    line.set(raw);
  } else if (bits === 16) {
    const [low, high] = littleEndian ? [0, 1] : [1, 0];
    for (let i = 0; i < line.length; i++) line[i] = raw[2 * i + low]! | (raw[2 * i + high]! << 8);
  } else if (bits === 32) {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    for (let i = 0; i < line.length; i++) line[i] = view.getUint32(4 * i, littleEndian);
  } else {
    const mask = (1 << bits) - 1;
    for (let i = 0; i < line.length; i++) line[i] = (raw[(i * bits) >> 3]! >> (8 - bits - ((i * bits) & 7))) & mask;
  }
}

function toRaster(where: Where, layout: TiffLayout, dir: TiffDirectory, data: Samples, options: DecodeOptions): Raster {
  const { width, height, samples, bits, photometric, sampleFormat } = layout;
  const bitDepth = bits <= 8 ? 8 : (bits as 16 | 32);
  if (photometric === 3) {
    if (options.palette === "index") return { width, height, channels: 1, bitDepth, data };
    return { width, height, channels: 3, bitDepth: 8, data: lookUpColors(where, dir, bits, data) };
  }
  if (sampleFormat === 2) refuseNegative(where, data, bits);
  if (sampleFormat === 3) floatsToIntegers(where, data as Uint32Array);
  const top = 2 ** bits - 1;
  if (photometric === 0) for (let i = 0; i < data.length; i++) data[i] = top - data[i]!;
  if (bits < 8) for (let i = 0; i < data.length; i++) data[i]! *= 255 / top;
  return { width, height, channels: samples, bitDepth, data };
}

function lookUpColors(where: Where, dir: TiffDirectory, bits: number, index: Samples): Uint8Array {
  const colors = 2 ** bits;
  const map = dir.integers(Tag.ColorMap, 3 * colors);
  if (!map || map.length < 3 * colors) {
    throw decodeError(where, "corrupt", {
      what: "the colour map is incomplete",
      got: `${map?.length ?? 0} values`,
      expected: `${3 * colors}`,
    });
  }
  // The map holds 16-bit values; some old writers put 8-bit ones there.
  const shift = map.some((value) => value > 255) ? 8 : 0;
  const out = new Uint8Array(index.length * 3);
  for (let i = 0; i < index.length; i++) {
    for (let k = 0; k < 3; k++) out[3 * i + k] = map[k * colors + index[i]!]! >> shift;
  }
  return out;
}

function refuseNegative(where: Where, data: Samples, bits: number): void {
  const firstNegative = 2 ** (bits - 1);
  if (data.some((value) => value >= firstNegative)) {
    throw decodeError(where, "unsupported", { what: "negative values in a signed TIFF", expected: "values from 0 on" });
  }
}

/** Reinterprets the samples as floats and stores their whole values in place. */
function floatsToIntegers(where: Where, data: Uint32Array): void {
  const floats = new Float32Array(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < data.length; i++) {
    const value = floats[i]!;
    if (!(value >= 0 && value < 2 ** 32 && Number.isInteger(value))) {
      throw decodeError(where, "unsupported", {
        what: "fractions in a 32-bit float TIFF",
        got: `${value}`,
        expected: "whole numbers from 0 on",
        hint: "Save it as 8 or 16 bit",
      });
    }
    data[i] = value;
  }
}
