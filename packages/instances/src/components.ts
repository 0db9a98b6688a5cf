import type { ForegroundMap } from "./binarize";
import { connectedComponents } from "./connected-components";
import { type ForegroundOptions, foreground } from "./foreground";
import type { LabelMap } from "./label-map";

/**
 * Nuclei as connected components of a thresholded map `[height, width]`: threshold, drop objects under `minArea`, fill
 * holes, label. The plain protocol (the paper names none; UN-SAM stops at the mask); touching nuclei become one.
 *
 * @throws InstancesError if the array does not fill the image, holds NaN, or an option is out of range
 */
export function components(map: ForegroundMap, options: ForegroundOptions): LabelMap {
  return connectedComponents(foreground(map, options), options);
}
