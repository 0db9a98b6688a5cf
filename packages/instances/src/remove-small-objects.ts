import { type Connectivity, expectAtLeast, expectConnectivity, expectSize, type ImageSize } from "./label-map";
import { labelRuns } from "./label-runs";

/**
 * A copy of a mask, as 0/1, without its connected components of fewer than `minArea` pixels (default 10, UN-SAM's
 * `remove_small_objects(min_size=10)`; `connectivity` 4 unless told).
 *
 * @throws InstancesError if the array does not fill the image or an option is out of range
 */
export function removeSmallObjects(
  mask: ArrayLike<number>,
  options: ImageSize & { minArea?: number; connectivity?: Connectivity },
): Uint8Array {
  const { width, height, minArea = 10, connectivity = 4 } = options;
  expectSize("removeSmallObjects", options, mask);
  expectConnectivity("removeSmallObjects", connectivity);
  expectAtLeast("removeSmallObjects", "minArea", minArea, 0);
  const { start, end, id, runs, area } = labelRuns(mask, width, height, connectivity);
  const kept = new Uint8Array(mask.length);
  for (let r = 0; r < runs; r++) if (area[id[r]!]! >= minArea) kept.fill(1, start[r]!, end[r]!);
  return kept;
}
