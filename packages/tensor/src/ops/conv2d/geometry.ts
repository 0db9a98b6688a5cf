import { ShapeError } from "../../errors";
import { expectShape, type Shape, show } from "../../tensor/shape";

/** Sizes of a convolution from `x` [B, cin, h, w] to [B, cout, ho, wo]. */
export interface Geometry {
  batch: number;
  cin: number;
  h: number;
  w: number;
  cout: number;
  ho: number;
  wo: number;
  kh: number;
  kw: number;
  stride: number;
  padding: number;
}

/** Throws ShapeError unless `value` is a whole number from `least` on. */
export function wholeNumber(op: string, name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new ShapeError(op, `${name} is no legal number. Got ${value}. Expected a whole number >= ${least}.`);
}

/** Sizes of `conv2d`; throws ShapeError. */
export function convGeometry(
  op: string,
  x: Shape,
  weight: Shape,
  bias: Shape | null,
  { stride = 1, padding = 0 }: { stride?: number; padding?: number },
): Geometry {
  wholeNumber(op, "stride", stride, 1);
  wholeNumber(op, "padding", padding, 0);
  const { B: batch, Cin: cin, H: h, W: w } = expectShape(op, "x", x, "B Cin H W");
  const { Cout: cout, kh, kw } = expectShape(op, "weight", weight, "Cout Cin kh kw", { Cin: cin });
  if (bias) expectShape(op, "bias", bias, "Cout", { Cout: cout });
  const ho = Math.floor((h + 2 * padding - kh) / stride) + 1;
  const wo = Math.floor((w + 2 * padding - kw) / stride) + 1;
  if (kh < 1 || kw < 1 || ho < 1 || wo < 1)
    throw new ShapeError(
      op,
      `the kernel does not fit. Got x ${show(x)}, kernel ${kh} x ${kw}, padding ${padding}. Expected H + 2 padding >= kh >= 1, and W likewise.`,
    );
  return { batch, cin, h, w, cout, ho, wo, kh, kw, stride, padding };
}

/** Whether the columns are `x` itself: a 1 x 1 kernel that meets every pixel. */
export function isPointwise({ kh, kw, stride, padding }: Geometry): boolean {
  return kh === 1 && kw === 1 && stride === 1 && padding === 0;
}
