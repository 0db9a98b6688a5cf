import { type Polygon, type Ring, signedArea } from "./polygon";

/**
 * The polygons of one nucleus with fewer corners: every dropped corner lay within `tolerance` pixels of the line that replaced
 * it. All of them stay as they are if rings would touch, cross, vanish or change sides.
 */
export function simplifyPolygons(polygons: readonly Polygon[], tolerance: number): readonly Polygon[] {
  const simple = polygons.map((polygon) => polygon.map((ring) => simplifyRing(ring, tolerance)));
  const before = polygons.flat();
  const after = simple.flat();
  for (let i = 0; i < after.length; i++) {
    if (after[i]!.length < 8 || Math.sign(signedArea(after[i]!)) !== Math.sign(signedArea(before[i]!))) return polygons;
    for (let j = 0; j < after.length; j++)
      // Both rings keep their first corner, so it tells whether one left the other.
      if (i !== j && contains(before[j]!, before[i]!) !== contains(after[j]!, after[i]!)) return polygons;
  }
  return anyContact(after) ? polygons : simple;
}

/** Douglas-Peucker on a closed ring: from the first corner to the farthest one and back. */
function simplifyRing(ring: Ring, tolerance: number): Ring {
  const n = ring.length / 2 - 1;
  let far = 0;
  let most = -1;
  for (let i = 1; i < n; i++) {
    const away = (ring[2 * i]! - ring[0]!) ** 2 + (ring[2 * i + 1]! - ring[1]!) ** 2;
    if (away > most) {
      most = away;
      far = i;
    }
  }
  const keep = new Uint8Array(n + 1);
  keep[0] = keep[far] = keep[n] = 1;
  const stack: [number, number][] = [
    [0, far],
    [far, n],
  ];
  while (stack.length > 0) {
    const [a, b] = stack.pop()!;
    let worst = tolerance * tolerance;
    let at = -1;
    for (let i = a + 1; i < b; i++) {
      const off = squaredDistance(ring, i, a, b);
      if (off > worst) {
        worst = off;
        at = i;
      }
    }
    if (at < 0) continue;
    keep[at] = 1;
    stack.push([a, at], [at, b]);
  }
  return ring.filter((_, k) => keep[k >> 1] === 1);
}

/** Squared distance of corner `i` from the segment between corners `a` and `b`. */
function squaredDistance(ring: Ring, i: number, a: number, b: number): number {
  const ax = ring[2 * a]!;
  const ay = ring[2 * a + 1]!;
  const dx = ring[2 * b]! - ax;
  const dy = ring[2 * b + 1]! - ay;
  const px = ring[2 * i]! - ax;
  const py = ring[2 * i + 1]! - ay;
  const t = Math.max(0, Math.min(1, (px * dx + py * dy) / (dx * dx + dy * dy || 1)));
  return (px - t * dx) ** 2 + (py - t * dy) ** 2;
}

/** True if the first corner of `inner` lies inside `outer` (even-odd). */
function contains(outer: Ring, inner: Ring): boolean {
  const x = inner[0]!;
  const y = inner[1]!;
  let inside = false;
  for (let i = 0; i + 3 < outer.length; i += 2) {
    const [ax, ay, bx, by] = [outer[i]!, outer[i + 1]!, outer[i + 2]!, outer[i + 3]!];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** True if two segments of the rings share a point, other than neighbours on a ring their common corner. */
function anyContact(rings: readonly Ring[]): boolean {
  const segments: [ring: number, at: number][] = [];
  rings.forEach((ring, r) => {
    for (let i = 0; i + 3 < ring.length; i += 2) segments.push([r, i]);
  });
  const minX = ([r, i]: [number, number]): number => Math.min(rings[r]![i]!, rings[r]![i + 2]!);
  const maxX = ([r, i]: [number, number]): number => Math.max(rings[r]![i]!, rings[r]![i + 2]!);
  segments.sort((a, b) => minX(a) - minX(b));
  for (let k = 0; k < segments.length; k++) {
    const limit = maxX(segments[k]!);
    for (let m = k + 1; m < segments.length && minX(segments[m]!) <= limit; m++)
      if (contact(rings, segments[k]!, segments[m]!)) return true;
  }
  return false;
}

function contact(rings: readonly Ring[], [r, i]: [number, number], [s, j]: [number, number]): boolean {
  const p = rings[r]!;
  const q = rings[s]!;
  const last = p.length - 4;
  if (r === s && (Math.abs(i - j) === 2 || Math.abs(i - j) === last)) {
    // Neighbours may share their corner but not fold back onto each other.
    const [a, b] = (i + 2) % (last + 2) === j ? [i, j] : [j, i];
    const cross = side(p[a]!, p[a + 1]!, p[b]!, p[b + 1]!, p[b + 2]!, p[b + 3]!);
    const dot = (p[b]! - p[a]!) * (p[b + 2]! - p[b]!) + (p[b + 1]! - p[a + 1]!) * (p[b + 3]! - p[b + 1]!);
    return cross === 0 && dot < 0;
  }
  const [ax, ay, bx, by] = [p[i]!, p[i + 1]!, p[i + 2]!, p[i + 3]!];
  const [cx, cy, dx, dy] = [q[j]!, q[j + 1]!, q[j + 2]!, q[j + 3]!];
  if (Math.max(ay, by) < Math.min(cy, dy) || Math.max(cy, dy) < Math.min(ay, by)) return false;
  if (Math.max(ax, bx) < Math.min(cx, dx) || Math.max(cx, dx) < Math.min(ax, bx)) return false;
  const c = Math.sign(side(ax, ay, bx, by, cx, cy));
  const d = Math.sign(side(ax, ay, bx, by, dx, dy));
  const a = Math.sign(side(cx, cy, dx, dy, ax, ay));
  const b = Math.sign(side(cx, cy, dx, dy, bx, by));
  return c * d <= 0 && a * b <= 0;
}

/** Which side of the line a-b the point p is on; exact for whole numbers. */
function side(ax: number, ay: number, bx: number, by: number, px: number, py: number): number {
  return (bx - ax) * (py - ay) - (by - ay) * (px - ax);
}
