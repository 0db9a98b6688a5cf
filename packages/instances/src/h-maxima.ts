import { InstancesError } from "./errors";
import {
  type Connectivity,
  expectAtLeast,
  expectConnectivity,
  expectSize,
  type ImageSize,
  type LabelMap,
} from "./label-map";
import { type Neighbours, neighboursOf } from "./neighbours";
import { sortDescending } from "./sort-descending";

/**
 * The maxima of a relief `[height, width]` that stand out by at least `h` (default 1), as markers 1..count in raster order.
 * A maximum stands out by its height over the highest pass to a higher maximum (of equal heights, to the one first in raster
 * order); the highest of each connected part always counts. A marker is the plateau at the top, so it may be many pixels.
 * With `mask`, only its pixels (not 0) exist; without, all. `connectivity` is 4 (default) or 8. `h = 0` gives every maximum.
 *
 * Source: h-maxima by dynamics (Grimaud 1992; Soille, Morphological Image Analysis, 6.3.4); same number of markers as the
 * regional maxima of the h-maxima transform, where `skimage.morphology.h_maxima` may give several per such maximum.
 *
 * @throws InstancesError if an array does not fill the image, a height is NaN, or `h` is negative
 */
export function hMaxima(
  relief: Float32Array,
  options: ImageSize & { h?: number; connectivity?: Connectivity; mask?: ArrayLike<number> },
): LabelMap {
  const { width, height, h = 1, connectivity = 4, mask } = options;
  expectSize("hMaxima", options, relief);
  if (mask !== undefined) expectSize("hMaxima", options, mask);
  expectConnectivity("hMaxima", connectivity);
  expectAtLeast("hMaxima", "h", h, 0);
  const order = sortDescending(relief, mask);
  const neighbours = neighboursOf(width, height, connectivity);
  const data = new Uint32Array(relief.length);
  const peaks = standingOut(relief, order, neighbours, h);
  for (let k = 0; k < peaks.length; k++) labelPlateau(relief, data, peaks[k]!, k + 1, neighbours, mask);
  return { data, width, height, count: peaks.length };
}

/** First pixels (raster order) of the maxima that stand out, ascending: floods from the top and watches where basins meet. */
function standingOut(relief: Float32Array, order: Uint32Array, neighbours: Neighbours, h: number): Uint32Array {
  // The root of a basin is its peak: highest, then first in raster order. 0 = not flooded, else root + 1.
  const parent = new Uint32Array(relief.length);
  const find = (i: number): number => {
    while (parent[i] !== i + 1) {
      const up = parent[i]! - 1;
      parent[i] = parent[up]!;
      i = up;
    }
    return i;
  };
  const near = new Int32Array(8);
  const rejected = new Uint8Array(relief.length);
  let kept = 0;
  const candidates: number[] = [];
  for (const p of order) {
    const level = relief[p]!;
    if (Number.isNaN(level))
      throw new InstancesError("hMaxima", "the relief holds NaN", `NaN at index ${p}`, "numbers");
    let root = p;
    parent[p] = p + 1;
    const n = neighbours(p, near);
    for (let k = 0; k < n; k++) {
      if (parent[near[k]!] === 0) continue;
      const other = find(near[k]!);
      if (other === root) continue;
      const a = relief[other]!;
      const b = relief[root]!;
      const otherWins = a > b || (a === b && other < root);
      const loser = otherWins ? root : other;
      const winner = otherWins ? other : root;
      parent[loser] = winner + 1;
      // Infinity - Infinity (a plateau without background) is NaN, hence rejected like 0.
      const dynamic = relief[loser]! - level;
      if (!(dynamic > 0 && dynamic >= h)) rejected[loser] = 1;
      root = winner;
    }
    // Only a pixel that found no flooded neighbour can be the top of a maximum.
    if (root === p) candidates.push(p);
  }
  for (const p of candidates) if (rejected[p] === 0) candidates[kept++] = p;
  return Uint32Array.from(candidates.slice(0, kept)).sort();
}

/** Gives `id` to the plateau around `peak`: connected pixels of the same height. */
function labelPlateau(
  relief: Float32Array,
  data: Uint32Array,
  peak: number,
  id: number,
  neighbours: Neighbours,
  mask: ArrayLike<number> | undefined,
): void {
  const near = new Int32Array(8);
  const stack = [peak];
  data[peak] = id;
  while (stack.length > 0) {
    const n = neighbours(stack.pop()!, near);
    for (let k = 0; k < n; k++) {
      const q = near[k]!;
      if (data[q] !== 0 || relief[q] !== relief[peak] || (mask !== undefined && mask[q] === 0)) continue;
      data[q] = id;
      stack.push(q);
    }
  }
}
