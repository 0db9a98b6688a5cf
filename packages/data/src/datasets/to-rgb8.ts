import type { Raster } from "../decode";
import { DataError } from "../errors";
import type { Finding } from "./dataset";

/**
 * Any decoded picture as 8-bit RGB: alpha is dropped, grey is repeated, 16 bits are scaled to the nearest of 8 (65535 becomes 255); what
 * was done is said in `findings`. Training, evaluation and prediction all see images through this function.
 *
 * @param raster [H, W, channels] of 8 or 16 bits; one that is 8-bit RGB already is handed back as it is.
 * @param path names the file in findings and errors.
 * @returns [H, W, 3] of 8 bits.
 * @throws DataError `odd-channels` for pictures of 5 and more channels or 32 bits.
 */
export function toRgb8(raster: Raster, path: string): { image: Raster; findings: Finding[] } {
  const { width, height, channels, bitDepth, data } = raster;
  const findings: Finding[] = [];
  if (channels < 1 || channels > 4 || bitDepth === 32) {
    throw new DataError(
      "odd-channels",
      `[toRgb8] not a picture. Got ${channels} channel(s) of ${bitDepth} bits in "${path}". Expected grey, RGB or RGBA of 8 or 16 bits. ` +
        "Is this a label map?",
      { path },
    );
  }
  if (channels <= 2) {
    findings.push({ level: "warning", code: "odd-channels", message: "grey image, repeated to RGB", path });
  }
  if (bitDepth === 16) {
    findings.push({ level: "warning", code: "bit-depth", message: "16-bit image, scaled to 8 bits", path });
  }
  if (channels === 3 && bitDepth === 8) return { image: raster, findings };
  const pixels = width * height;
  const rgb = new Uint8Array(pixels * 3);
  // 65535 / 257 = 255: the scale that maps 16-bit white to 8-bit white.
  const scale = bitDepth === 16 ? 1 / 257 : 1;
  const alpha = channels === 2 || channels === 4 ? channels - 1 : -1;
  let seeThrough = 0;
  for (let p = 0; p < pixels; p++) {
    const from = p * channels;
    for (let c = 0; c < 3; c++) rgb[p * 3 + c] = Math.round(data[from + (channels >= 3 ? c : 0)]! * scale);
    if (alpha >= 0 && data[from + alpha]! * scale < 254.5) seeThrough++;
  }
  if (seeThrough > 0) {
    findings.push({
      level: "warning",
      code: "alpha",
      message: `${seeThrough} pixel(s) are not opaque; alpha was dropped`,
      path,
    });
  }
  const mpp = raster.micronsPerPixel;
  return {
    image: {
      width,
      height,
      channels: 3,
      bitDepth: 8,
      data: rgb,
      ...(mpp === undefined ? {} : { micronsPerPixel: mpp }),
    },
    findings,
  };
}
