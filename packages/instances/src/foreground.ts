import { binarize, type ForegroundMap } from "./binarize";
import { fillHoles } from "./fill-holes";
import type { Connectivity, ImageSize } from "./label-map";
import { removeSmallObjects } from "./remove-small-objects";

/** What `components` and `watershed` have in common: how a map becomes the mask in which nuclei are found. */
export interface ForegroundOptions extends ImageSize {
  /** Foreground is `>= threshold` in a float map; masks of whole numbers need none. Default 0.5. */
  threshold?: number;
  /** Neighbours of a foreground pixel. Default 4: nuclei that meet at a corner only stay apart. */
  connectivity?: Connectivity;
  /** Objects of fewer pixels are dropped. Default 10. */
  minArea?: number;
  /** Makes enclosed background foreground, after small objects were dropped. Default true. */
  fillHoles?: boolean;
  /** Leaves holes of more pixels open, e.g. the lumen of a gland. Default: fills every hole. */
  maxHoleArea?: number;
}

/** Threshold, drop small objects, fill holes: the mask (0/1) that is labelled. */
export function foreground(map: ForegroundMap, options: ForegroundOptions): Uint8Array {
  const { minArea = 10, maxHoleArea } = options;
  let mask = binarize(map, options);
  if (minArea > 1 || !(minArea >= 0)) mask = removeSmallObjects(mask, { ...options, minArea });
  if (options.fillHoles ?? true) {
    const { width, height } = options;
    mask = fillHoles(mask, { width, height, ...(maxHoleArea === undefined ? {} : { maxHoleArea }) });
  }
  return mask;
}
