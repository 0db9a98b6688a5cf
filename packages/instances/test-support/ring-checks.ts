import { type Polygon, type Ring, signedArea } from "../src/polygon";

/**
 * What keeps polygons from being valid GeoJSON and valid for JTS (which QuPath uses): open rings, repeated corners,
 * the wrong orientation, segments that cross, or rings that meet in more than single points. Undefined if nothing does.
 */
export function invalidity(polygons: readonly Polygon[]): string | undefined {
  for (const polygon of polygons)
    for (const [r, ring] of polygon.entries()) {
      const n = ring.length;
      if (n < 10 || ring[0] !== ring[n - 2] || ring[1] !== ring[n - 1]) return "a ring is open or too short";
      if (r === 0 ? signedArea(ring) <= 0 : signedArea(ring) >= 0) return `ring ${r} has the wrong orientation`;
      const corners = new Set<string>();
      for (let i = 0; i < n - 2; i += 2) corners.add(`${ring[i]},${ring[i + 1]}`);
      if (corners.size !== n / 2 - 1) return "a ring visits a corner twice";
    }
  const rings = polygons.flat();
  const segments = rings.flatMap((ring, r) =>
    Array.from({ length: ring.length / 2 - 1 }, (_, k) => [r, 2 * k] as const),
  );
  for (let a = 0; a < segments.length; a++)
    for (let b = a + 1; b < segments.length; b++)
      if (overlap(rings[segments[a]![0]]!, segments[a]![1], rings[segments[b]![0]]!, segments[b]![1]))
        return "two segments cross or run along each other";
  return undefined;
}

/** True if two axis-parallel segments share more than an end of both. */
function overlap(p: Ring, i: number, q: Ring, j: number): boolean {
  const low = (v: Ring, k: number, c: number) => Math.min(v[k + c]!, v[k + 2 + c]!);
  const high = (v: Ring, k: number, c: number) => Math.max(v[k + c]!, v[k + 2 + c]!);
  const x0 = Math.max(low(p, i, 0), low(q, j, 0));
  const x1 = Math.min(high(p, i, 0), high(q, j, 0));
  const y0 = Math.max(low(p, i, 1), low(q, j, 1));
  const y1 = Math.min(high(p, i, 1), high(q, j, 1));
  if (x0 > x1 || y0 > y1) return false;
  if (x0 < x1 || y0 < y1) return true;
  const isEnd = (v: Ring, k: number) => (v[k] === x0 && v[k + 1] === y0) || (v[k + 2] === x0 && v[k + 3] === y0);
  return !(isEnd(p, i) && isEnd(q, j));
}
