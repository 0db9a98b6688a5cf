import { InstancesError } from "./errors";
import {
  type Connectivity,
  expectConnectivity,
  expectSize,
  type ImageSize,
  type LabelInput,
  type LabelMap,
  largestId,
} from "./label-map";
import { neighboursOf } from "./neighbours";
import { sortDescending } from "./sort-descending";

/**
 * Marker-controlled watershed: grows the markers downhill over a relief `[height, width]` (high first: pass distances, not
 * their negative) until they meet, inside `mask` (not 0; default everywhere), without watershed lines. Pixels of a part
 * without a marker stay 0. Ids are the markers' own. Pixels at equal height are taken first come, first served, starting in raster
 * order, so the result is a function of the input alone and touching regions share a plateau fairly.
 * `connectivity` is 4 (default) or 8. Source: Meyer 1994; `skimage.segmentation.watershed(-relief, markers, mask=mask)`.
 *
 * @throws InstancesError if an array does not fill the image
 */
export function markerWatershed(
  relief: Float32Array,
  markers: LabelInput,
  options: ImageSize & { connectivity?: Connectivity; mask?: ArrayLike<number> },
): LabelMap {
  const { width, height, connectivity = 4, mask } = options;
  expectSize("markerWatershed", options, relief);
  expectSize("markerWatershed", options, markers.data);
  if (mask !== undefined) expectSize("markerWatershed", options, mask);
  expectConnectivity("markerWatershed", connectivity);
  largestId("markerWatershed", markers.data);

  const order = sortDescending(relief, mask);
  // level[i]: 1 for the highest value, 2 for the next, ...; 0 outside the mask.
  const level = new Uint32Array(relief.length);
  let levels = 0;
  for (let k = 0; k < order.length; k++) {
    const value = relief[order[k]!]!;
    if (Number.isNaN(value))
      throw new InstancesError("markerWatershed", "the relief holds NaN", `NaN at index ${order[k]}`, "numbers");
    if (k === 0 || value !== relief[order[k - 1]!]) levels++;
    level[order[k]!] = levels;
  }

  // One first-in first-out queue per level, linked through `next`; entries are pixel + 1.
  const head = new Uint32Array(levels + 1);
  const tail = new Uint32Array(levels + 1);
  const next = new Uint32Array(relief.length);
  const push = (i: number, at: number): void => {
    if (head[at] === 0) head[at] = i + 1;
    else next[tail[at]! - 1] = i + 1;
    tail[at] = i + 1;
  };
  const data = new Uint32Array(relief.length);
  const ids = new Set<number>();
  for (let i = 0; i < data.length; i++) {
    const id = markers.data[i]!;
    if (id === 0 || level[i] === 0) continue;
    data[i] = id;
    ids.add(id);
    push(i, level[i]!);
  }
  const neighbours = neighboursOf(width, height, connectivity);
  const near = new Int32Array(8);
  for (let at = 1; at <= levels; at++)
    while (head[at] !== 0) {
      const i = head[at]! - 1;
      head[at] = next[i]!;
      const n = neighbours(i, near);
      for (let k = 0; k < n; k++) {
        const j = near[k]!;
        if (level[j] === 0 || data[j] !== 0) continue;
        data[j] = data[i]!;
        // Uphill from here means: over a pass, so it is flooded now.
        push(j, Math.max(level[j]!, at));
      }
    }
  return { data, width, height, count: ids.size };
}
