import { type Connectivity, expectConnectivity, expectSize, type ImageSize, type LabelMap } from "./label-map";
import { labelRuns } from "./label-runs";

/**
 * Connected components of a mask (everything but 0 is foreground), row-major `[height, width]`, numbered 1..count in raster
 * order of their first pixel. `connectivity` is 4 (default, as `scipy.ndimage.label`) or 8 (as `skimage.measure.label`).
 *
 * @throws InstancesError if the array does not fill the image
 */
export function connectedComponents(
  mask: ArrayLike<number>,
  options: ImageSize & { connectivity?: Connectivity },
): LabelMap {
  const { width, height, connectivity = 4 } = options;
  expectSize("connectedComponents", options, mask);
  expectConnectivity("connectedComponents", connectivity);
  const { start, end, id, runs, count } = labelRuns(mask, width, height, connectivity);
  const data = new Uint32Array(width * height);
  for (let r = 0; r < runs; r++) data.fill(id[r]!, start[r]!, end[r]!);
  return { data, width, height, count };
}
