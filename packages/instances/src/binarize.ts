import { InstancesError } from "./errors";
import { expectSize, type ImageSize } from "./label-map";

/** A map of probabilities (or logits), or a mask of whole numbers in which everything but 0 is foreground. */
export type ForegroundMap = Float32Array | Float64Array | Uint8Array | Uint8ClampedArray | Uint16Array | Uint32Array;

/**
 * The foreground of a map as 0/1, row-major `[height, width]`: values `>= threshold` of a float map (default 0.5, as UN-SAM
 * does), everything but 0 of an integer mask, for which there is no threshold.
 *
 * @throws InstancesError if the array does not fill the image or a probability is NaN
 */
export function binarize(map: ForegroundMap, options: ImageSize & { threshold?: number }): Uint8Array {
  expectSize("binarize", options, map);
  const { threshold = 0.5, width } = options;
  const mask = new Uint8Array(map.length);
  if (!(map instanceof Float32Array || map instanceof Float64Array)) {
    for (let i = 0; i < map.length; i++) mask[i] = map[i] === 0 ? 0 : 1;
    return mask;
  }
  if (typeof threshold !== "number" || Number.isNaN(threshold))
    throw new InstancesError("binarize", "threshold is no number", String(threshold), "a number such as 0.5");
  for (let i = 0; i < map.length; i++) {
    const p = map[i]!;
    if (p >= threshold) mask[i] = 1;
    else if (Number.isNaN(p))
      throw new InstancesError(
        "binarize",
        "the map holds NaN",
        `NaN at row ${Math.floor(i / width)}, column ${i % width}`,
        "a number for every pixel",
        "A diverged model gives NaN; check it before segmenting.",
      );
  }
  return mask;
}
