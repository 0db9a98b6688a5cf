import { findInstances, type InstanceTable } from "./find-instances";
import { expectAtLeast, type LabelInput } from "./label-map";
import type { Polygon } from "./polygon";
import { simplifyPolygons } from "./simplify";
import { traceContour } from "./trace-contour";

/** The outline of one nucleus: a polygon for each of its 4-connected parts. */
export interface Contour {
  readonly id: number;
  readonly polygons: readonly Polygon[];
}

/**
 * The outlines of all nuclei of a label map, ids ascending, one at a time: closed, simple rings along pixel edges with
 * whole-number coordinates, exterior rings of positive area first, then holes; drawing them gives the same pixels back.
 * `simplify` (pixels, default 0 = exact) drops corners closer than that to the line between those kept
 * (Ramer 1972, Douglas & Peucker 1973); an outline that would touch or cross itself stays
 * exact, but neighbours may then overlap a little.
 *
 * @throws InstancesError if the array does not fill the image, holds a negative label, or `simplify` is negative
 */
export function* contours(
  map: LabelInput,
  options: { simplify?: number; table?: InstanceTable } = {},
): Generator<Contour> {
  const { simplify = 0, table = findInstances(map) } = options;
  expectAtLeast("contours", "simplify", simplify, 0);
  for (let k = 0; k < table.ids.length; k++) {
    const polygons = contourOf(map, table, k);
    yield { id: table.ids[k]!, polygons: simplify > 0 ? simplifyPolygons(polygons, simplify) : polygons };
  }
}

/** The exact outline of the `k`-th nucleus of a table that `findInstances` made from the same map. */
export function contourOf(map: LabelInput, table: InstanceTable, k: number): Polygon[] {
  return traceContour(
    cropMask(map, table, k),
    table.x1[k]! - table.x0[k]!,
    table.y1[k]! - table.y0[k]!,
    table.x0[k],
    table.y0[k],
  );
}

/** The `k`-th nucleus alone as 0/1 inside its bounding box. */
export function cropMask(map: LabelInput, table: InstanceTable, k: number): Uint8Array {
  const [x0, y0, x1, y1] = [table.x0[k]!, table.y0[k]!, table.x1[k]!, table.y1[k]!];
  const id = table.ids[k]!;
  const mask = new Uint8Array((x1 - x0) * (y1 - y0));
  for (let y = y0, to = 0; y < y1; y++)
    for (let i = y * map.width + x0; i < y * map.width + x1; i++, to++) if (map.data[i] === id) mask[to] = 1;
  return mask;
}
