/** A typed array as the readers of MAT and NPY return it. */
export type NumericArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Copies a column-major (Fortran) array with these dimensions into row-major (C) order; `out` has the same length. */
export function columnToRowMajor(source: NumericArray, out: NumericArray, dims: readonly number[]): void {
  const [rows, columns] = [dims[0] ?? 1, dims[1] ?? 1];
  if (dims.length === 2) {
    for (let c = 0, from = 0; c < columns; c++) {
      for (let r = 0; r < rows; r++) out[r * columns + c] = source[from++]!;
    }
    return;
  }
  // Row-major strides of the output; the source index runs with its first dimension fastest.
  const strides = new Array<number>(dims.length).fill(1);
  for (let d = dims.length - 2; d >= 0; d--) strides[d] = strides[d + 1]! * dims[d + 1]!;
  const index = new Array<number>(dims.length).fill(0);
  let to = 0;
  for (let from = 0; from < source.length; from++) {
    out[to] = source[from]!;
    for (let d = 0; d < dims.length; d++) {
      to += strides[d]!;
      if (++index[d]! < dims[d]!) break;
      to -= strides[d]! * dims[d]!;
      index[d] = 0;
    }
  }
}
