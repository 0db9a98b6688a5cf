/**
 * A closed ring as flat coordinates `[x0, y0, x1, y1, ..., x0, y0]` in pixels, on the lattice of pixel corners: pixel
 * (column c, row r) is the square from (c, r) to (c + 1, r + 1), its centre (c + 0.5, r + 0.5). This is QuPath's frame.
 */
export type Ring = Int32Array | Float64Array;

/** An exterior ring, then holes: the coordinates of a GeoJSON Polygon. */
export type Polygon = readonly Ring[];

/**
 * Signed area of a closed ring in square pixels, positive for an exterior ring (counter-clockwise in the formula of GeoJSON;
 * with y pointing down, as in images, it looks clockwise).
 */
export function signedArea(ring: Ring): number {
  let twice = 0;
  for (let i = 0; i + 3 < ring.length; i += 2) twice += ring[i]! * ring[i + 3]! - ring[i + 2]! * ring[i + 1]!;
  return twice / 2;
}
