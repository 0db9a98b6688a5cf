import { InstancesError } from "./errors";
import { expectSize, type LabelInput, largestId } from "./label-map";

/** Red, green, blue, each 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * The colour of a nucleus: a function of its id alone, so it stays when others come or go. Neighbouring ids are far apart in
 * hue (golden angle); lightness and strength suit both white and stained backgrounds.
 */
export function instanceColor(id: number): Rgb {
  const hue = ((id * 137.50776405003785) % 360) / 60;
  const level = [1, 0.8, 0.6][Math.floor(id / 7) % 3]!;
  const x = 1 - Math.abs((hue % 2) - 1);
  const [r, g, b] = [
    [1, x, 0],
    [x, 1, 0],
    [0, 1, x],
    [0, x, 1],
    [x, 0, 1],
    [1, 0, x],
  ][Math.floor(hue)] as [number, number, number];
  const byte = (v: number): number => Math.round(255 * level * (0.1 + 0.9 * v));
  return [byte(r), byte(g), byte(b)];
}

/**
 * Draws the inner borders of the nuclei onto an RGBA image `[height, width, 4]` in place: pixels of a nucleus from which another
 * nucleus or the background is at most `thickness` (default 1, up to 16) steps up, down, left and right away. The image border is none.
 * `opacity` (0 to 1, default 1) mixes with what is there; alpha stays. `color` is one for all, or a function of the id.
 *
 * @throws InstancesError if an array does not fill the image or an option is out of range
 */
export function drawContours(
  rgba: Uint8ClampedArray | Uint8Array,
  map: LabelInput,
  options: { thickness?: number; opacity?: number; color?: Rgb | ((id: number) => Rgb) } = {},
): void {
  const { thickness = 1, opacity = 1, color = instanceColor } = options;
  const { data, width, height } = map;
  expectSize("drawContours", map, data);
  largestId("drawContours", data);
  if (rgba.length !== 4 * data.length)
    throw new InstancesError("drawContours", "the image does not fit", `${rgba.length} values`, `${4 * data.length}`);
  if (!Number.isInteger(thickness) || thickness < 1 || thickness > 16)
    throw new InstancesError("drawContours", "thickness is out of range", String(thickness), "1 to 16 pixels");
  if (!(opacity >= 0 && opacity <= 1))
    throw new InstancesError("drawContours", "opacity is out of range", String(opacity), "0 to 1");
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const id = data[i]!;
      if (id === 0 || !atBorder(map, x, y, id, thickness)) continue;
      const rgb = typeof color === "function" ? color(id) : color;
      for (let c = 0; c < 3; c++) rgba[4 * i + c] = Math.round(rgba[4 * i + c]! * (1 - opacity) + rgb[c]! * opacity);
    }
}

/** True if a pixel of another value is within `reach` steps, counted as |dx| + |dy|. */
function atBorder({ data, width, height }: LabelInput, x: number, y: number, id: number, reach: number): boolean {
  for (let dy = -reach; dy <= reach; dy++) {
    const v = y + dy;
    if (v < 0 || v >= height) continue;
    const side = reach - Math.abs(dy);
    for (let u = Math.max(0, x - side); u <= Math.min(width - 1, x + side); u++)
      if (data[v * width + u] !== id) return true;
  }
  return false;
}
