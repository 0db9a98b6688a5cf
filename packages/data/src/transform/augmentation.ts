import { DataError } from "../errors";
import type { ColorChange } from "./color";
import type { Symmetry, Window } from "./resample";
import { randomStream } from "./rng";
import type { StainChange } from "./stain";

/** What may be changed at random; every strength 0 (or false) changes nothing. */
export interface Augmentation {
  /** `resize`: the whole image becomes the input. `crop`: a square of the input's size at a random place (scaled by `scale`). */
  fit: "resize" | "crop";
  /** Mirror images, half of the time. */
  flip: boolean;
  /** Quarter turns, each as likely. */
  rotate: boolean;
  /** Magnification, log-uniform between the two: 2 shows half the width. The window never leaves the image. */
  scale: readonly [number, number];
  /** Half-widths: brightness, contrast and saturation are drawn from 1 +- value, hue from +- value (1 = a full circle). */
  color: Readonly<Record<keyof ColorChange, number>>;
  /** Half-widths: stain concentrations are scaled by 1 +- scale and shifted by +- shift (natural optical density). */
  stain: { readonly scale: number; readonly shift: number };
}

/** No change but the resize: evaluation, and training that must not vary. */
export const noAugmentation: Augmentation = {
  fit: "resize",
  flip: false,
  rotate: false,
  scale: [1, 1],
  color: { brightness: 0, contrast: 0, saturation: 0, hue: 0 },
  stain: { scale: 0, shift: 0 },
};

/** Mild defaults for H&E: all eight symmetries, up to 1.25 x, light colour and stain changes. The paper names none. */
export const defaultAugmentation: Augmentation = {
  fit: "resize",
  flip: true,
  rotate: true,
  scale: [1, 1.25],
  color: { brightness: 0.1, contrast: 0.1, saturation: 0.1, hue: 0.02 },
  stain: { scale: 0.1, shift: 0.03 },
};

/** The draws of one sample, all decided before a pixel is touched: log it and the sample can be explained. */
export interface AugmentationPlan {
  window: Window;
  symmetry: Symmetry;
  color: ColorChange | null;
  stain: StainChange | null;
}

/** Keeps augmentation apart from other uses of the same seed. */
const augmentationStream = 0x617567;

/**
 * Decides every random choice of one sample: a pure function of (seed, epoch, index) and the image's size.
 *
 * Every draw is made in a fixed order whether it is used or not, so that turning one change off leaves the others as they were.
 *
 * @param at `index` is the position in the epoch, so that an image drawn twice in it looks different.
 */
export function planAugmentation(
  augmentation: Augmentation,
  image: { width: number; height: number },
  size: number,
  at: { seed: number; epoch: number; index: number },
): AugmentationPlan {
  const [least, most] = augmentation.scale;
  if (!(least > 0) || !(most >= least) || !Number.isFinite(most)) {
    throw new DataError(
      "bad-argument",
      `[planAugmentation] scale is not a range. Got [${least}, ${most}]. Expected 0 < low <= high.`,
    );
  }
  const random = randomStream(at.seed, augmentationStream, at.epoch, at.index);
  const zoom = least * (most / least) ** random.uniform();
  const [atX, atY] = [random.uniform(), random.uniform()];
  const mirror = random.uniform() < 0.5 && augmentation.flip;
  const turns = random.below(4);
  const around = (centre: number, half: number): number => centre + half * (2 * random.uniform() - 1);
  const { color, stain } = augmentation;
  const colorChange: ColorChange = {
    brightness: around(1, color.brightness),
    contrast: around(1, color.contrast),
    saturation: around(1, color.saturation),
    hue: around(0, color.hue),
  };
  const triple = (centre: number, half: number): [number, number, number] => [
    around(centre, half),
    around(centre, half),
    around(centre, half),
  ];
  const stainChange: StainChange = { scale: triple(1, stain.scale), shift: triple(0, stain.shift) };
  const anyColor = color.brightness > 0 || color.contrast > 0 || color.saturation > 0 || color.hue > 0;
  return {
    window: chooseWindow(augmentation.fit, image, size, zoom, atX, atY),
    symmetry: { mirror, quarterTurns: (augmentation.rotate ? turns : 0) as Symmetry["quarterTurns"] },
    color: anyColor ? colorChange : null,
    stain: stain.scale > 0 || stain.shift > 0 ? stainChange : null,
  };
}

function chooseWindow(
  fit: Augmentation["fit"],
  image: { width: number; height: number },
  size: number,
  zoom: number,
  atX: number,
  atY: number,
): Window {
  const within = (length: number, limit: number): number => Math.max(1, Math.min(limit, Math.round(length)));
  let width = within(image.width / zoom, image.width);
  let height = within(image.height / zoom, image.height);
  if (fit === "crop") width = height = within(size / zoom, Math.min(image.width, image.height));
  // uniform() < 1, so the largest offset is image - window, each offset as likely.
  return {
    x: Math.floor(atX * (image.width - width + 1)),
    y: Math.floor(atY * (image.height - height + 1)),
    width,
    height,
  };
}
