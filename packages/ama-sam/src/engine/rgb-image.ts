import { AmaSamError } from "../errors";

/** An interleaved 8-bit RGB image. */
export interface Rgb {
  width: number;
  height: number;
  data: ArrayLike<number>;
}

/** @throws AmaSamError for an image without pixels, or whose data are not three values for each: RGBA of a canvas, say. */
export function checkRgb(op: string, { width, height, data }: Rgb): void {
  const sides = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (sides && data.length === width * height * 3) return;
  const expected = sides
    ? `${width * height * 3}: 8-bit red, green, blue by pixel${data.length === width * height * 4 ? ", without alpha" : ""}`
    : "whole sides of at least one pixel";
  throw new AmaSamError(
    op,
    `not an RGB image. Got ${data.length} values for ${width} x ${height}. Expected ${expected}.`,
  );
}
