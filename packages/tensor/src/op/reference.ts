import type { Shape } from "../tensor/shape";

/** A float64 array with a shape: what references compute on. */
export interface RefArray {
  shape: Shape;
  data: Float64Array;
}

/** Makes a reference array; `values` may be shorter-lived, it is copied. */
export function refArray(shape: Shape, values?: ArrayLike<number>): RefArray {
  let size = 1;
  for (const d of shape) size *= d;
  return { shape: [...shape], data: values ? Float64Array.from(values) : new Float64Array(size) };
}
