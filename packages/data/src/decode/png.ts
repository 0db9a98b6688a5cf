import { decode, encode } from "fast-png";
import { decodeError, type Where, wrapForeign } from "./errors";
import { inflateStream } from "./inflate";
import { type PngChunks, readPngChunks } from "./png-chunks";
import { checkDimensions, type DecodeOptions, plausibleMicrons, type Raster } from "./raster";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const IDAT_PIECE_BYTES = 65_536;

/**
 * Decodes a PNG (all colour types, 1 to 16 bits; interlaced from 8 bits on) to [height, width, channels].
 *
 * Low-bit grey is scaled to 0..255; a palette becomes RGB, or RGBA where it has transparency (see `palette` in the
 * options); a transparent colour adds an alpha channel; 16 bits stay 16. Size, chunk order, CRCs and the inflated length
 * are checked before fast-png runs. Throws DecodeError.
 */
export function decodePng(bytes: Uint8Array, options: DecodeOptions = {}): Raster {
  const where: Where = { fn: "decodePng", name: options.name };
  const png = readPngChunks(where, bytes);
  const { width, height, depth, channels } = png;
  // Worst case of the channels after palette and transparency, so that the limit covers the result.
  const outChannels = png.colorType === 3 ? 4 : channels + (png.transparency ? 1 : 0);
  checkDimensions(where, { width, height, channels: outChannels, bytesPerSample: depth === 16 ? 2 : 1 }, options);
  if (png.interlaced && depth < 8) {
    throw decodeError(where, "unsupported", {
      what: `interlaced PNG with ${depth} bits a sample`,
      hint: "Save it again without interlacing",
    });
  }
  checkInflatedLength(where, png);
  let data: Uint8Array | Uint16Array;
  try {
    data = decode(essentialPng(png), { checkCrc: false }).data as Uint8Array | Uint16Array;
  } catch (error) {
    throw wrapForeign(where, "the scanlines cannot be read", error);
  }
  const micronsPerPixel = plausibleMicrons(png.pixelsPerMetre === undefined ? undefined : 1e6 / png.pixelsPerMetre);
  const samples = depth < 8 ? unpackBits(data as Uint8Array, png) : data;
  const raster = finish(where, png, samples, options);
  return micronsPerPixel === undefined ? raster : { ...raster, micronsPerPixel };
}

/**
 * Encodes 8- or 16-bit grey, grey + alpha, RGB or RGBA as PNG, without loss.
 * Throws TypeError for another bit depth or channel count, or if `data` does not fit the size.
 */
export function encodePng(raster: Raster): Uint8Array {
  const { width, height, channels, bitDepth, data } = raster;
  const stored = data instanceof Uint8Array ? 8 : data instanceof Uint16Array ? 16 : 32;
  if (
    bitDepth === 32 ||
    stored !== bitDepth ||
    channels < 1 ||
    channels > 4 ||
    data.length !== width * height * channels
  ) {
    throw new TypeError(
      `[encodePng] the raster cannot be a PNG. Got ${width} x ${height} x ${channels}, ${bitDepth} bits, ` +
        `${data.length} samples of ${stored} bits. Expected 1 to 4 channels of 8 or 16 bits, width * height * channels samples.`,
    );
  }
  return encode({ width, height, channels, depth: bitDepth, data: data as Uint8Array | Uint16Array });
}

/** Inflates once without keeping anything: the image data must give exactly the scanlines of the header. */
function checkInflatedLength(where: Where, png: PngChunks): void {
  const expected = `${png.rawBytes} bytes for ${png.width} x ${png.height} pixels`;
  let total = 0;
  inflateStream(where, png.idat, (out) => {
    total += out.length;
    return total <= png.rawBytes;
  });
  if (total !== png.rawBytes) {
    const code = total < png.rawBytes ? "truncated" : "corrupt";
    const got = total < png.rawBytes ? `${total} bytes` : "more";
    throw decodeError(where, code, { what: "the image data has the wrong length", got, expected });
  }
}

/**
 * The chunks that fast-png needs and no other: it inflates colour profiles without a limit and fails on odd text. Small
 * IDAT pieces keep its inflate buffer small; CRCs were checked already and stay zero.
 */
function essentialPng(png: PngChunks): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < png.idat.length; i += IDAT_PIECE_BYTES) pieces.push(png.idat.subarray(i, i + IDAT_PIECE_BYTES));
  const size = 8 + png.ihdr.length + pieces.reduce((sum, piece) => sum + piece.length + 12, 0) + 12;
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  out.set(SIGNATURE, 0);
  out.set(png.ihdr, 8);
  let offset = 8 + png.ihdr.length;
  for (const piece of pieces) {
    view.setUint32(offset, piece.length);
    view.setUint32(offset + 4, 0x49444154); // IDAT
    out.set(piece, offset + 8);
    offset += piece.length + 12;
  }
  view.setUint32(offset + 4, 0x49454e44); // IEND
  return out;
}

/** Packed 1-, 2- or 4-bit samples of one channel to one byte each, values unchanged. */
function unpackBits(packed: Uint8Array, { width, height, depth }: PngChunks): Uint8Array {
  const lineBytes = Math.ceil((width * depth) / 8);
  const out = new Uint8Array(width * height);
  const mask = (1 << depth) - 1;
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      const bit = c * depth;
      out[r * width + c] = (packed[r * lineBytes + (bit >> 3)]! >> (8 - depth - (bit & 7))) & mask;
    }
  }
  return out;
}

function finish(where: Where, png: PngChunks, data: Uint8Array | Uint16Array, options: DecodeOptions): Raster {
  const { width, height, depth, channels, transparency } = png;
  if (png.colorType === 3) return paletteRaster(where, png, data as Uint8Array, options);
  const bitDepth = depth === 16 ? 16 : 8;
  const keyed = transparency ? addKeyedAlpha(png, data, transparency) : data;
  const scale = depth < 8 ? 255 / ((1 << depth) - 1) : 1;
  if (scale !== 1) {
    const step = keyed === data ? 1 : 2; // the alpha of a keyed image is 0 or 255 already
    for (let i = 0; i < keyed.length; i += step) keyed[i]! *= scale;
  }
  return { width, height, channels: keyed === data ? channels : channels + 1, bitDepth, data: keyed };
}

/** Alpha 0 where a pixel equals the transparent colour of tRNS, else the largest value. */
function addKeyedAlpha(png: PngChunks, data: Uint8Array | Uint16Array, key: Uint8Array): Uint8Array | Uint16Array {
  const { channels, depth } = png;
  const pixels = png.width * png.height;
  const color = Array.from({ length: channels }, (_, k) => (key[2 * k]! << 8) | key[2 * k + 1]!);
  const out = depth === 16 ? new Uint16Array(pixels * (channels + 1)) : new Uint8Array(pixels * (channels + 1));
  for (let i = 0; i < pixels; i++) {
    let same = true;
    for (let k = 0; k < channels; k++) {
      const value = data[i * channels + k]!;
      out[i * (channels + 1) + k] = value;
      same &&= value === color[k];
    }
    out[i * (channels + 1) + channels] = same ? 0 : depth === 16 ? 65_535 : 255;
  }
  return out;
}

function paletteRaster(where: Where, png: PngChunks, index: Uint8Array, options: DecodeOptions): Raster {
  const { width, height, transparency } = png;
  const palette = png.palette!;
  const colors = palette.length / 3;
  if (options.palette === "index") return { width, height, channels: 1, bitDepth: 8, data: index };
  const channels = transparency ? 4 : 3;
  const data = new Uint8Array(index.length * channels);
  for (let i = 0; i < index.length; i++) {
    const entry = index[i]!;
    if (entry >= colors) {
      throw decodeError(where, "corrupt", {
        what: "a pixel is outside the palette",
        got: `${entry} of ${colors} colours`,
      });
    }
    for (let k = 0; k < 3; k++) data[i * channels + k] = palette[entry * 3 + k]!;
    if (transparency) data[i * channels + 3] = transparency[entry] ?? 255;
  }
  return { width, height, channels, bitDepth: 8, data };
}
