import { MetricsError } from "./errors";

/** The pixel types a label map may have; floating-point arrays must hold whole numbers. */
export type LabelArray =
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/**
 * A mask or an instance map, row-major `[height, width]`: 0 is background, every other value the id of an instance.
 * Ids may have gaps, be as large as 2^53 - 1, and belong to pixels that do not touch.
 */
export interface LabelMap {
  readonly data: LabelArray;
  readonly width: number;
  readonly height: number;
}

const ARRAYS = new Set([
  "Uint8Array",
  "Uint8ClampedArray",
  "Uint16Array",
  "Uint32Array",
  "Int8Array",
  "Int16Array",
  "Int32Array",
  "Float32Array",
  "Float64Array",
]);

const isSide = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) > 0;

/** The class name of a typed array, also of one from another realm (a worker, a frame). */
function arrayName(data: unknown): string {
  return Object.prototype.toString.call(data).slice(8, -1);
}

/** Throws a `MetricsError` unless `map` has a known array type and as many pixels as its sides say. */
export function expectLabelMap(where: string, name: string, map: LabelMap): void {
  if (typeof map !== "object" || map === null)
    throw new MetricsError(where, `${name} is not a label map`, String(map), "{ data, width, height }");
  const { data, width, height } = map;
  const type = arrayName(data);
  if (!ARRAYS.has(type)) {
    const hint = Array.isArray(data) ? "Int32Array.from(data) converts it." : undefined;
    throw new MetricsError(where, `${name}.data is not a label array`, type, "an integer or float typed array", hint);
  }
  if (!isSide(width) || !isSide(height))
    throw new MetricsError(where, `${name} has no pixels`, `${width} x ${height}`, "width and height of at least 1");
  if (data.length !== width * height)
    throw new MetricsError(
      where,
      `${name}.data does not fill the image`,
      `${data.length} values for ${width} x ${height}`,
      `${width * height} values, one per pixel`,
    );
}

/** The largest id; throws a `MetricsError` naming the first pixel that holds no id (negative, fractional, NaN). */
export function largestId(where: string, name: string, { data, width }: LabelMap): number {
  let max = 0;
  const floats = data instanceof Float32Array || data instanceof Float64Array || arrayName(data).startsWith("Float");
  for (let i = 0; i < data.length; i++) {
    const id = data[i]!;
    if (id > max) max = id;
    if (!(id >= 0) || (floats && !Number.isSafeInteger(id)))
      throw new MetricsError(
        where,
        `${name} holds a value that is no id`,
        `${id} at row ${Math.floor(i / width)}, column ${i % width}`,
        "whole numbers from 0 (background) to 2^53 - 1",
        id < 0 ? "Map negative labels (ignored regions, boundaries) to 0 first." : undefined,
      );
  }
  return max;
}
