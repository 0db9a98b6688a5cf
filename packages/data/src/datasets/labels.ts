import type { Raster } from "../decode";
import { DataError } from "../errors";
import type { Finding } from "./dataset";

/**
 * 8-connected components of a mask, numbered from 1 in raster order of their first pixel (as scipy.ndimage.label does).
 *
 * @param mask [H, W], foreground where non-zero.
 * @returns labels [H, W] and their number.
 */
export function connectedComponents8(
  mask: ArrayLike<number>,
  width: number,
  height: number,
): { labels: Uint32Array; count: number } {
  const labels = new Uint32Array(width * height);
  const parent: number[] = [0];
  const find = (label: number): number => {
    while (parent[label] !== label) label = parent[label] = parent[parent[label]!]!;
    return label;
  };
  // First pass: the smallest neighbouring label above and to the left; neighbours that differ are one component.
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (!mask[i]) continue;
      let label = 0;
      for (const near of [
        x > 0 ? labels[i - 1]! : 0,
        y > 0 && x > 0 ? labels[i - width - 1]! : 0,
        y > 0 ? labels[i - width]! : 0,
        y > 0 && x + 1 < width ? labels[i - width + 1]! : 0,
      ]) {
        if (near === 0) continue;
        const root = find(near);
        if (label === 0) label = root;
        else if (root !== label) {
          const small = Math.min(root, label);
          parent[Math.max(root, label)] = small;
          label = small;
        }
      }
      if (label === 0) {
        label = parent.length;
        parent.push(label);
      }
      labels[i] = label;
    }
  }
  const final = new Uint32Array(parent.length);
  let count = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 0) continue;
    const root = find(labels[i]!);
    if (final[root] === 0) final[root] = ++count;
    labels[i] = final[root]!;
  }
  return { labels, count };
}

/** 1 where a label is, else 0. */
export function foreground(labels: Uint32Array): Uint8Array {
  const mask = new Uint8Array(labels.length);
  // A plain loop: TypedArray.from with a function takes ten times as long.
  for (let i = 0; i < labels.length; i++) mask[i] = labels[i] === 0 ? 0 : 1;
  return mask;
}

/** Number of different non-zero values of a label map. */
export function countLabels(labels: Uint32Array): number {
  const seen = new Set<number>();
  let last = 0;
  for (const label of labels) {
    if (label !== 0 && label !== last) seen.add((last = label));
  }
  return seen.size;
}

/**
 * Any decoded picture as 8-bit RGB: alpha is dropped, grey is repeated, 16 bits are scaled down; what was done is said in `findings`.
 *
 * @throws DataError `odd-channels` for pictures of 5 and more channels or 32 bits.
 */
export function toRgb8(raster: Raster, path: string): { image: Raster; findings: Finding[] } {
  const { width, height, channels, bitDepth, data } = raster;
  const findings: Finding[] = [];
  if (channels < 1 || channels > 4 || bitDepth === 32) {
    throw new DataError(
      "odd-channels",
      `[loadSample] not a picture. Got ${channels} channel(s) of ${bitDepth} bits in "${path}". Expected grey, RGB or RGBA of 8 or 16 bits. ` +
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

/**
 * The one channel of a mask or label picture; RGB(A) is accepted where its colours are equal (grey saved as RGB).
 *
 * @throws DataError `odd-channels` for a coloured picture.
 */
export function toSingleChannel(raster: Raster, path: string): Uint32Array {
  const { width, height, channels, data } = raster;
  const out = new Uint32Array(width * height);
  const colours = channels >= 3 ? 3 : 1;
  for (let p = 0, i = 0; p < out.length; p++, i += channels) {
    out[p] = data[i]!;
    if (colours === 3 && (data[i + 1] !== data[i] || data[i + 2] !== data[i])) {
      throw new DataError(
        "odd-channels",
        `[loadSample] a label picture in colour. Got rgb(${data[i]}, ${data[i + 1]}, ${data[i + 2]}) at pixel ${p % width}, ` +
          `${Math.floor(p / width)} of "${path}". Expected grey values (0 = background). Is this an overlay?`,
        { path },
      );
    }
  }
  return out;
}

/**
 * A numeric H x W array as labels.
 *
 * @throws DataError `odd-values` for fractions, negative or huge ids, NaN; `size-mismatch` when it is not [height, width].
 */
export function arrayToLabels(
  data: ArrayLike<number | bigint>,
  dims: readonly number[],
  path: string,
): { labels: Uint32Array; width: number; height: number } {
  const squeezed = dims.length > 2 ? dims.filter((dim) => dim !== 1) : dims;
  const [height, width] = squeezed;
  if (squeezed.length !== 2 || height === undefined || width === undefined) {
    throw new DataError(
      "odd-channels",
      `[loadSample] not a 2-D map. Got shape [${dims.join(", ")}] in "${path}". Expected [H, W].`,
      {
        path,
      },
    );
  }
  const labels = new Uint32Array(height * width);
  for (let i = 0; i < labels.length; i++) {
    const value = Number(data[i]);
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new DataError(
        "odd-values",
        `[loadSample] not a label. Got ${value} at pixel ${i % width}, ${Math.floor(i / width)} of "${path}". Expected whole numbers >= 0.`,
        { path },
      );
    }
    labels[i] = value;
  }
  return { labels, width, height };
}
