/** Which part of an image is on the screen. */
export interface View {
  /** Image coordinates of the canvas's top left corner, in image pixels. */
  x: number;
  y: number;
  /** Screen (CSS) pixels per image pixel. */
  scale: number;
}

/** A width and a height. */
export interface Extent {
  width: number;
  height: number;
}

/** Largest magnification: one image pixel as this many screen pixels. */
export const MAX_SCALE = 40;

/** The view that shows the whole image, centred, with a little air. */
export function fitView(image: Extent, screen: Extent): View {
  const scale = Math.min(screen.width / image.width, screen.height / image.height) * 0.98 || 1;
  return centred(image, screen, scale);
}

function centred(image: Extent, screen: Extent, scale: number): View {
  return {
    scale,
    x: image.width / 2 - screen.width / scale / 2,
    y: image.height / 2 - screen.height / scale / 2,
  };
}

/** Zooms by `factor` so that the image point under screen point (sx, sy) stays where it is. */
export function zoomAt(
  view: View,
  factor: number,
  sx: number,
  sy: number,
  limits: { min: number; max?: number },
): View {
  const scale = Math.min(limits.max ?? MAX_SCALE, Math.max(limits.min, view.scale * factor));
  return { scale, x: view.x + sx / view.scale - sx / scale, y: view.y + sy / view.scale - sy / scale };
}

/** Moves by screen pixels: a positive dx shows what is further right. */
export function panBy(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x + dx / view.scale, y: view.y + dy / view.scale };
}

/** Keeps at least a part of the image on the screen. */
export function clampView(view: View, image: Extent, screen: Extent): View {
  const keep = 0.25;
  const [w, h] = [screen.width / view.scale, screen.height / view.scale];
  return {
    scale: view.scale,
    x: Math.min(image.width - keep * Math.min(w, image.width), Math.max(-w + keep * Math.min(w, image.width), view.x)),
    y: Math.min(
      image.height - keep * Math.min(h, image.height),
      Math.max(-h + keep * Math.min(h, image.height), view.y),
    ),
  };
}

/** Image coordinates of a screen point. */
export function toImage(view: View, sx: number, sy: number): [x: number, y: number] {
  return [view.x + sx / view.scale, view.y + sy / view.scale];
}

/**
 * The level of detail for a scale in device pixels per image pixel: a sample of level L covers 2^L x 2^L image pixels, and is 0.7 to 1.4
 * device pixels wide. Negative levels are finer than the image.
 */
export function levelFor(deviceScale: number, coarsest: number, finest = -3): number {
  return Math.max(finest, Math.min(coarsest, Math.ceil(Math.log2(1 / deviceScale) - 0.5)));
}

/** The level at which an image fits into one tile. */
export function coarsestLevel(image: Extent, tile: number): number {
  return Math.max(0, Math.ceil(Math.log2(Math.max(image.width, image.height, 1) / tile)));
}
