import { decodeError, type Where } from "./errors";
import { inflateStream, MAX_DEFLATE_RATIO } from "./inflate";
import { type PngChunks, readPngChunks } from "./png-chunks";
import { checkDimensions, type DecodeOptions, plausibleMicrons, type Raster } from "./raster";
import { readScanlines } from "./scanlines";

/**
 * Decodes a PNG (all colour types, 1 to 16 bits, interlaced or not) to [height, width, channels].
 *
 * Low-bit grey is scaled to 0..255; a palette becomes RGB, or RGBA where it has transparency (see `palette` in the
 * options); a transparent colour adds an alpha channel; 16 bits stay 16. Size, chunk order and CRCs are checked before
 * anything is allocated that grows with the claimed size. Throws DecodeError. Source: the PNG specification, third edition.
 */
export function decodePng(bytes: Uint8Array, options: DecodeOptions = {}): Raster {
  const where: Where = { fn: "decodePng", name: options.name };
  const png = readPngChunks(where, bytes);
  const { width, height, depth, channels } = png;
  // Worst case of the channels after palette and transparency, so that the limit covers the result.
  const outChannels = png.colorType === 3 ? 4 : channels + (png.transparency ? 1 : 0);
  checkDimensions(where, { width, height, channels: outChannels, bytesPerSample: depth === 16 ? 2 : 1 }, options);
  const samples = readScanlines(where, png, inflateScanlines(where, png));
  const micronsPerPixel = plausibleMicrons(png.pixelsPerMetre === undefined ? undefined : 1e6 / png.pixelsPerMetre);
  const raster = finish(where, png, samples, options);
  return micronsPerPixel === undefined ? raster : { ...raster, micronsPerPixel };
}

/** The image data must give exactly the scanlines of the header; what cannot is refused before they get memory. */
function inflateScanlines(where: Where, { idat, rawBytes, width, height }: PngChunks): Uint8Array {
  const wrong = (code: "truncated" | "corrupt", got: string) =>
    decodeError(where, code, {
      what: "the image data has the wrong length",
      got,
      expected: `${rawBytes} bytes for ${width} x ${height} pixels`,
    });
  if (rawBytes > idat.length * MAX_DEFLATE_RATIO + 64) throw wrong("truncated", `${idat.length} compressed bytes`);
  const raw = new Uint8Array(rawBytes);
  let total = 0;
  inflateStream(where, idat, (out) => {
    if (total + out.length <= rawBytes) raw.set(out, total);
    total += out.length;
    return total <= rawBytes;
  });
  if (total > rawBytes) throw wrong("corrupt", "more");
  if (total < rawBytes) throw wrong("truncated", `${total} bytes`);
  return raw;
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
