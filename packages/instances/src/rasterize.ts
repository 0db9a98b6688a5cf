import type { ImageSize } from "./label-map";
import type { Polygon } from "./polygon";

/** What drawing one outline did. */
export interface Painted {
  /** Pixels that now carry the id. */
  readonly pixels: number;
  /** Pixels inside the outline that another id already had; they keep it. */
  readonly taken: number;
}

/** How much drawing is left; both throw when hostile outlines would need unreasonable time or memory. */
export interface WorkBudget {
  /** Counts visited edges, crossings and pixels, over all outlines. */
  spend(units: number): void;
  /** Told how many crossings of one polygon are held at once. */
  hold(crossings: number): void;
}

/**
 * Draws the polygons of one nucleus into `data` `[height, width]`: a pixel belongs to a polygon if its centre is inside by the
 * even-odd rule (half-open on edges, so neighbours share no pixel), and to the nucleus if it belongs to any of its polygons.
 * Pixels that have an id keep it; what lies outside the image is clipped.
 */
export function paintPolygons(
  data: Uint32Array,
  size: ImageSize,
  polygons: readonly Polygon[],
  id: number,
  budget?: WorkBudget,
): Painted {
  let pixels = 0;
  let taken = 0;
  for (const polygon of polygons) {
    const crossings = crossingsByRow(polygon, size, budget);
    for (const [row, xs] of crossings) {
      xs.sort((a, b) => a - b);
      for (let k = 0; k + 1 < xs.length; k += 2) {
        // Columns whose centre c + 0.5 satisfies xs[k] <= c + 0.5 < xs[k + 1].
        const from = Math.max(0, Math.ceil(xs[k]! - 0.5));
        const to = Math.min(size.width, Math.ceil(xs[k + 1]! - 0.5));
        budget?.spend(Math.max(0, to - from));
        for (let i = row * size.width + from; i < row * size.width + to; i++)
          if (data[i] === 0) {
            data[i] = id;
            pixels++;
          } else if (data[i] !== id) taken++;
      }
    }
  }
  return { pixels, taken };
}

/** For each row of the image that the polygon meets: where its edges cross the line through the pixel centres. */
function crossingsByRow(polygon: Polygon, { height }: ImageSize, budget?: WorkBudget): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  let held = 0;
  for (const ring of polygon)
    for (let i = 0; i + 3 < ring.length; i += 2) {
      const [ax, ay, bx, by] = [ring[i]!, ring[i + 1]!, ring[i + 2]!, ring[i + 3]!];
      const from = Math.max(0, Math.ceil(Math.min(ay, by) - 0.5));
      const to = Math.min(height, Math.ceil(Math.max(ay, by) - 0.5));
      budget?.spend(1 + Math.max(0, to - from));
      budget?.hold((held += Math.max(0, to - from)));
      for (let row = from; row < to; row++) {
        const x = ax === bx ? ax : ax + ((row + 0.5 - ay) / (by - ay)) * (bx - ax);
        const xs = rows.get(row);
        if (xs === undefined) rows.set(row, [x]);
        else xs.push(x);
      }
    }
  return rows;
}
