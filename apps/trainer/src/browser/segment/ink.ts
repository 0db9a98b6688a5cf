import type { Rgb } from "@ama-sam/instances";
import type { OpenedImage } from "../engine/protocol";

/** Bright, and far from the purples, pinks and greys of stained tissue; neighbours in number are neighbours on the slide. */
const BRIGHT: readonly Rgb[] = [
  [57, 255, 20],
  [255, 230, 0],
  [0, 229, 255],
  [255, 140, 0],
  [0, 200, 83],
  [255, 255, 150],
];

/** The outline of a nucleus on any slide. */
export const nucleusInk = (id: number): Rgb => BRIGHT[id % BRIGHT.length]!;

/** Mean of an image's values, by a sample of its pixels. */
export function brightness({ rgb }: Pick<OpenedImage, "rgb">): number {
  const step = 3 * Math.max(1, Math.floor(rgb.length / 30_000));
  let [sum, n] = [0, 0];
  for (let i = 0; i + 2 < rgb.length; i += step, n++) sum += rgb[i]! + rgb[i + 1]! + rgb[i + 2]!;
  return sum / Math.max(1, 3 * n);
}

/** Ink for annotations that is seen on an image: white on dark ones, black on light ones. */
export function truthInk(image: Pick<OpenedImage, "rgb">): { name: "white" | "black"; color: Rgb } {
  return brightness(image) < 110 ? { name: "white", color: [255, 255, 255] } : { name: "black", color: [0, 0, 0] };
}
