import { type Connectivity, expectAtLeast, expectConnectivity, expectSize, type ImageSize } from "./label-map";
import { labelRuns } from "./label-runs";

/**
 * A copy of a mask, as 0/1, in which holes are foreground: background that does not reach the image border. As
 * `scipy.ndimage.binary_fill_holes`: the background is 4-connected unless `connectivity` says 8, and a hole's own content
 * joins what surrounds it. Holes over `maxHoleArea` pixels (default: none) stay open, so that nuclei touching around a
 * gland's lumen do not swallow it.
 *
 * @throws InstancesError if the array does not fill the image or an option is out of range
 */
export function fillHoles(
  mask: ArrayLike<number>,
  options: ImageSize & { connectivity?: Connectivity; maxHoleArea?: number },
): Uint8Array {
  const { width, height, connectivity = 4, maxHoleArea = Number.POSITIVE_INFINITY } = options;
  expectSize("fillHoles", options, mask);
  expectConnectivity("fillHoles", connectivity);
  expectAtLeast("fillHoles", "maxHoleArea", maxHoleArea, 0);
  const { start, end, id, runs, count, area } = labelRuns(mask, width, height, connectivity, true);
  const open = new Uint8Array(count + 1);
  const lastRow = (height - 1) * width;
  for (let r = 0; r < runs; r++)
    if (
      area[id[r]!]! > maxHoleArea ||
      start[r]! < width ||
      start[r]! >= lastRow ||
      start[r]! % width === 0 ||
      end[r]! % width === 0
    )
      open[id[r]!] = 1;
  const filled = new Uint8Array(mask.length).fill(1);
  for (let r = 0; r < runs; r++) if (open[id[r]!] === 1) filled.fill(0, start[r]!, end[r]!);
  return filled;
}
