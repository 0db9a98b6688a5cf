import { InstancesError } from "./errors";

/** An image's sides in pixels; all pixel arrays of this package are row-major `[height, width]`. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Labelled nuclei, row-major `[height, width]`: 0 is background, every other value the id of a nucleus. Maps made by
 * `components`, `watershed` and `mergeTiles` number the nuclei 1..count in raster order of their first pixel.
 * `@ama-sam/metrics` takes this object as it is.
 */
export interface LabelMap extends ImageSize {
  readonly data: Uint32Array;
  /** How many nuclei there are (not the largest id, which may be higher in a map that was read from a file). */
  readonly count: number;
}

/** The label maps that functions of this package read: any whole-number array, ids with gaps, parts that do not touch. */
export interface LabelInput extends ImageSize {
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array | Uint32Array | Int32Array;
}

/** The neighbours a pixel has: 4 share an edge with it, 8 an edge or a corner. */
export type Connectivity = 4 | 8;

const SIDE_LIMIT = 2 ** 31 - 1;

/** Throws an `InstancesError` unless both sides are whole numbers and, given an array, it has one value per pixel. Sides may be 0. */
export function expectSize(where: string, { width, height }: ImageSize, data?: ArrayLike<unknown>): void {
  for (const [name, side] of [
    ["width", width],
    ["height", height],
  ] as const)
    if (!Number.isInteger(side) || side < 0 || side > SIDE_LIMIT)
      throw new InstancesError(where, `${name} is no number of pixels`, String(side), "a whole number of at least 0");
  if (data !== undefined && data?.length !== width * height)
    throw new InstancesError(
      where,
      "the array does not fill the image",
      `${data?.length} values for ${width} x ${height}`,
      `${width * height} values, one per pixel`,
    );
}

/** Throws an `InstancesError` unless `connectivity` is 4 or 8. */
export function expectConnectivity(where: string, connectivity: number): void {
  if (connectivity !== 4 && connectivity !== 8)
    throw new InstancesError(
      where,
      "connectivity is unknown",
      String(connectivity),
      "4 (edges) or 8 (edges and corners)",
    );
}

/** Throws an `InstancesError` unless `value` is a number of at least `min` (`Infinity` allowed, `NaN` not). */
export function expectAtLeast(where: string, name: string, value: number, min: number): void {
  if (typeof value !== "number" || !(value >= min))
    throw new InstancesError(where, `${name} is out of range`, String(value), `a number of at least ${min}`);
}

/** The largest id in an array of labels, 0 for none; throws an `InstancesError` for a negative value. */
export function largestId(where: string, data: LabelInput["data"]): number {
  let max = 0;
  for (let i = 0; i < data.length; i++) {
    const id = data[i]!;
    if (id > max) max = id;
    else if (id < 0) throw new InstancesError(where, "a label is negative", `${id} at index ${i}`, "ids from 0");
  }
  return max;
}
