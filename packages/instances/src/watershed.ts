import type { ForegroundMap } from "./binarize";
import { distanceTransform } from "./distance-transform";
import { type ForegroundOptions, foreground } from "./foreground";
import { hMaxima } from "./h-maxima";
import type { LabelMap } from "./label-map";
import { markerWatershed } from "./marker-watershed";
import { mergeSmallRegions } from "./merge-small-regions";
import { relabel } from "./relabel";

/** `watershed`'s options: those of `components`, and how much two nuclei must narrow between them to be split. */
export interface WatershedOptions extends ForegroundOptions {
  /** How many pixels a nucleus's greatest depth must exceed the neck to its neighbour. Higher splits less. Default 1. */
  h?: number;
}

/**
 * Nuclei from a map `[height, width]`, touching ones split: the mask of `components`, its exact Euclidean distance transform,
 * markers where the depth stands out by `h` (h-maxima), and a marker-controlled watershed inside the mask. The
 * labels cover exactly that mask and each is connected; a fragment under `minArea` joins its neighbour.
 *
 * @throws InstancesError if the array does not fill the image, holds NaN, or an option is out of range
 */
export function watershed(map: ForegroundMap, options: WatershedOptions): LabelMap {
  const { width, height, connectivity = 4, minArea = 10, h = 1 } = options;
  const size = { width, height };
  const mask = foreground(map, options);
  const depth = distanceTransform(mask, size);
  const markers = hMaxima(depth, { ...size, h, connectivity, mask });
  const regions = markerWatershed(depth, markers, { ...size, connectivity, mask });
  return minArea > 1 ? mergeSmallRegions(regions, { minArea, connectivity }) : relabel(regions);
}
