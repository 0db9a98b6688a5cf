import { CheckpointError } from "./errors";

/** torch's own limit on dimensions; a file that has more was not written by a tensor library. */
export const MAX_DIMS = 64;

/** Number of elements, or undefined where it passes 2^53 (the product is checked factor by factor). */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** Throws `argument` where a shape is not a short list of whole, non-negative numbers; returns its element count. */
export function checkShape(where: string, name: string, shape: readonly number[]): number {
  const valid =
    Array.isArray(shape) && shape.length <= MAX_DIMS && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  const count = valid ? elementCount(shape) : undefined;
  if (count === undefined) {
    throw new CheckpointError(
      "argument",
      `[${where}] the shape of ${JSON.stringify(name)} is not usable. Got [${String(shape)}]. ` +
        `Expected at most ${MAX_DIMS} whole numbers >= 0 whose product is below 2^53.`,
    );
  }
  return count;
}

/** Row-major strides in elements. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = step;
    step *= Math.max(shape[d] as number, 1);
  }
  return strides;
}

/** True where the elements lie row-major without gaps; strides of dimensions of size 1 do not matter. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  const packed = contiguousStrides(shape);
  return shape.includes(0) || shape.every((size, d) => size === 1 || strides[d] === packed[d]);
}

/** Index of the last element that a view touches, relative to its first; 0 for an empty view. */
export function lastElement(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((sum, size, d) => sum + (size - 1) * (strides[d] as number), 0);
}

type Elements =
  | { readonly length: number; [index: number]: number }
  | { readonly length: number; [index: number]: bigint };

/** Copies a strided view of `source` (starting at its element 0) into `target`, row-major. */
export function gather(source: Elements, target: Elements, shape: readonly number[], strides: readonly number[]): void {
  const from = source as { [index: number]: unknown };
  const to = target as { [index: number]: unknown };
  const count = target.length;
  if (count === 0) return;
  const inner = shape.length === 0 ? 1 : (shape[shape.length - 1] as number);
  const innerStride = shape.length === 0 ? 0 : (strides[shape.length - 1] as number);
  const index = new Array<number>(Math.max(shape.length - 1, 0)).fill(0);
  let base = 0;
  for (let done = 0; done < count; done += inner) {
    for (let i = 0; i < inner; i++) to[done + i] = from[base + i * innerStride];
    for (let d = index.length - 1; d >= 0; d--) {
      const size = shape[d] as number;
      const stride = strides[d] as number;
      index[d] = (index[d] as number) + 1;
      base += stride;
      if ((index[d] as number) < size) break;
      base -= size * stride;
      index[d] = 0;
    }
  }
}
