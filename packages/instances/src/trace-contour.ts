import { labelRuns } from "./label-runs";
import { type Polygon, signedArea } from "./polygon";

/** Steps right, down, left, up; turning right is + 1. */
const DX = [1, 0, -1, 0];
const DY = [0, 1, 0, -1];
/** Of the four pixels around a corner (left or right of it, above or below): the one ahead on the right hand, per direction. */
const RIGHT_X = [0, -1, -1, 0];
const RIGHT_Y = [0, 0, -1, -1];
const LEFT_X = [0, 0, -1, -1];
const LEFT_Y = [-1, 0, 0, -1];

/**
 * The outline of a small mask `[height, width]` (not 0) along its pixel edges, shifted by (`left`, `top`): one polygon per
 * 4-connected part, in raster order. Corners only where the outline turns.
 *
 * Each part is walked with the foreground on the right hand and, where two pixels meet at a corner only, along the same
 * pixel. So parts that touch at a corner stay apart, and a walk that comes by a corner twice is cut there into rings that
 * touch in one point: every ring is simple, which GeoJSON readers check (JTS calls it valid).
 */
export function traceContour(mask: ArrayLike<number>, width: number, height: number, left = 0, top = 0): Polygon[] {
  // A border of background saves every bounds check.
  const w = width + 2;
  const part = new Uint32Array(w * (height + 2));
  const { start, end, id, runs, count } = labelRuns(mask, width, height, 4);
  for (let r = 0; r < runs; r++) {
    const y = Math.floor(start[r]! / width);
    const shift = (y + 1) * w + 1 - y * width;
    part.fill(id[r]!, start[r]! + shift, end[r]! + shift);
  }
  const exteriors: Int32Array[] = new Array(count);
  const holes: Int32Array[][] = Array.from({ length: count }, () => []);
  const walked = new Uint8Array(part.length);
  for (let r = 0; r < runs; r++) {
    const y = Math.floor(start[r]! / width);
    const from = start[r]! + (y + 1) * w + 1 - y * width;
    for (let i = from; i < from + end[r]! - start[r]!; i++) {
      if (walked[i] === 1 || part[i - w] === id[r]) continue;
      for (const ring of walk(part, walked, w, i, left - 1, top - 1))
        if (signedArea(ring) > 0) exteriors[id[r]! - 1] = ring;
        else holes[id[r]! - 1]!.push(ring);
    }
  }
  return exteriors.map((exterior, k) => [exterior, ...holes[k]!]);
}

/** Walks once around from the top edge of pixel `from`; marks the top edges it takes; returns closed, simple rings. */
function walk(part: Uint32Array, walked: Uint8Array, w: number, from: number, left: number, top: number): Int32Array[] {
  const id = part[from]!;
  const x0 = from % w;
  const y0 = (from - x0) / w;
  const rings: Int32Array[] = [];
  const path: number[] = [];
  // Corners that may come again: position in `path` by corner.
  let pinches: Map<number, number> | undefined;
  let x = x0;
  let y = y0;
  let d = 0;
  do {
    if (d === 0) walked[y * w + x] = 1;
    x += DX[d]!;
    y += DY[d]!;
    const right = part[(y + RIGHT_Y[d]!) * w + x + RIGHT_X[d]!] === id;
    const ahead = part[(y + LEFT_Y[d]!) * w + x + LEFT_X[d]!] === id;
    if (right && !ahead) continue;
    d = right ? (d + 3) & 3 : (d + 1) & 3;
    if (!right && ahead) {
      // Two pixels of this part meet at this corner only: the second visit closes a ring.
      pinches ??= new Map();
      const corner = y * w + x;
      const at = pinches.get(corner);
      if (at !== undefined) {
        rings.push(closed(path, at, left, top));
        for (let k = at + 2; k < path.length; k += 2) pinches.delete(path[k + 1]! * w + path[k]!);
        path.length = at + 2;
        continue;
      }
      pinches.set(corner, path.length);
    }
    path.push(x, y);
  } while (x !== x0 || y !== y0 || d !== 0);
  rings.push(closed(path, 0, left, top));
  return rings;
}

/** The corners from `from` on, closed; the last one first, which for a whole walk is where it began. */
function closed(path: number[], from: number, left: number, top: number): Int32Array {
  const ring = new Int32Array(path.length - from + 2);
  ring[0] = path[path.length - 2]! + left;
  ring[1] = path[path.length - 1]! + top;
  for (let k = from; k < path.length; k += 2) {
    ring[k - from + 2] = path[k]! + left;
    ring[k - from + 3] = path[k + 1]! + top;
  }
  return ring;
}
