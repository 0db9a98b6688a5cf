import type { Raster } from "../decode";
import { DataError } from "../errors";

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
