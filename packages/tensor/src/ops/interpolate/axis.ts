import { ShapeError } from "../../errors";
import { expectShape, type Shape, show } from "../../tensor/shape";

/** Source point of output `o` along an axis: the exact fraction `(o scale + shift) / unit`, then clamped to the image. */
export interface Axis {
  scale: number;
  shift: number;
  unit: number;
}

function gcd(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : gcd(b, a % b);
}

/** PyTorch's rule for linear interpolation of `size` pixels to `outputs`. */
export function linearAxis(size: number, outputs: number, alignCorners: boolean): Axis {
  const [scale, shift, unit] = alignCorners
    ? [outputs > 1 ? size - 1 : 0, 0, Math.max(1, outputs - 1)]
    : [2 * size, size - outputs, 2 * outputs];
  const common = Math.max(1, gcd(gcd(scale, shift), unit));
  const axis = { scale: scale / common, shift: shift / common, unit: unit / common };
  if (Math.max(axis.scale * (outputs + 1), axis.unit * (size + 1)) + Math.abs(axis.shift) >= 2 ** 31)
    throw new ShapeError(
      "interpolateBilinear",
      `sizes are too large together. Got ${size} to ${outputs}. Expected a product below 2^30, or a simple ratio.`,
    );
  return axis;
}

/** PyTorch's rule for nearest neighbours: output `o` copies pixel `floor(o scale)`, in f32. */
export function nearestSource(o: number, size: number, outputs: number): number {
  return Math.min(Math.floor(Math.fround(o * Math.fround(size / outputs))), size - 1);
}

/** Shape rule of both resizing ops. */
export function resizedShape(op: string, x: Shape, size: Shape): Shape {
  const { B, C } = expectShape(op, "x", x, "B C H W");
  if (size.length !== 2 || size.some((d) => !Number.isInteger(d) || d < 1) || x[2] < 1 || x[3] < 1)
    throw new ShapeError(op, `size is no image. Got size ${show(size)}, x ${show(x)}. Expected [H, W], each >= 1.`);
  return [B, C, size[0], size[1]];
}
