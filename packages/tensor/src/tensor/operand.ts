import type { Device } from "../device/device";
import type { Bindable } from "../kernel/define-kernel";
import { BYTES, type DType } from "./dtype";

/** What a product or an elementwise kernel reads or writes: a tensor, or rows of one. */
export interface Operand extends Bindable {
  readonly device: Device;
  readonly dtype: DType;
  /** Elements. */
  readonly size: number;
}

/** Bytes that every device lets a binding start at a multiple of. */
const ALIGNMENT = 256;

/** Least number of rows of `width` elements after which a binding may start. */
export function alignedRows(width: number, dtype: DType): number {
  let rows = 1;
  while ((rows * width * BYTES[dtype]) % ALIGNMENT !== 0) rows *= 2;
  return rows;
}

/**
 * Rows `start` to `start + count` of a matrix of rows of `width` elements, where it lies.
 * @param start a multiple of {@link alignedRows}
 */
export function rowsOf(x: Operand, start: number, count: number, width: number): Operand {
  const { device, dtype, binding } = x;
  const row = width * BYTES[dtype];
  const { buffer, offset = 0 } = binding;
  const size = Math.max(16, Math.ceil((count * row) / 16) * 16);
  return { device, dtype, size: count * width, binding: { buffer, offset: offset + start * row, size } };
}
