import { DecodeError } from "./errors";

/** The outline of one region: a ring, or polygons of several rings. A ring is x0, y0, x1, y1, ... and closes itself. */
export type Outline = { vertices: ArrayLike<number> } | { polygons: readonly (readonly ArrayLike<number>[])[] };

/** Labels painted from outlines. */
export interface RasterizedRegions {
  /** [height, width], row-major: 0 background, i + 1 for the i-th region that was kept, pixels or not. */
  labels: Uint32Array;
  /** Pixels that a later region also covers, counted once for each such region; they keep the first. */
  overlapPixels: number;
  /** Regions without a ring of three vertices; they take no label. */
  dropped: number;
}

/** Work allowed per pixel of the image: real annotations cover a pixel about once. */
const WORK_PER_PIXEL = 64;
const FREE_WORK = 2 ** 24;

/**
 * Paints polygons into a label map: pixel (r, c) belongs to a polygon if the point (c + 0.5, r + 0.5) lies inside by
 * the even-odd rule over its rings, and to a region if any of its polygons has it. The first region in order keeps a
 * pixel; outlines are clipped to the image; labels count the kept regions from 1. Throws DecodeError `too-large` where
 * outlines cover the image more than some 64 times.
 */
export function rasterizeRegions(regions: readonly Outline[], width: number, height: number): RasterizedRegions {
  const labels = new Uint32Array(width * height);
  const parity = new Uint8Array(width + 1);
  const budget = { left: WORK_PER_PIXEL * width * height + FREE_WORK };
  let overlapPixels = 0;
  let dropped = 0;
  let label = 0;
  for (const region of regions) {
    const polygons = "polygons" in region ? region.polygons : [[region.vertices]];
    if (!polygons.some((rings) => rings.some((ring) => ring.length >= 6))) {
      dropped++;
      continue;
    }
    label++;
    for (const rings of polygons) {
      overlapPixels += paint(edgesByRow(rings, height), labels, label, width, parity, budget);
    }
  }
  return { labels, overlapPixels, dropped };
}

function spend(budget: { left: number }, work: number): void {
  budget.left -= work;
  if (budget.left < 0) {
    throw new DecodeError(
      "too-large",
      `[rasterizeRegions] the outlines cover the image too often. Expected about ${WORK_PER_PIXEL} times at most. ` +
        "Check that the annotation belongs to this image.",
    );
  }
}

/** An edge that crosses the centre lines of pixel rows first (inclusive) to last (exclusive). */
interface Edge {
  first: number;
  last: number;
  x0: number;
  y0: number;
  slope: [dx: number, dy: number];
}

/** The edges that cross at least one row inside the image, by first row; half-open in y, so that a vertex exactly on a
 * centre line counts for one of its two edges. */
function edgesByRow(rings: readonly ArrayLike<number>[], height: number): Edge[] {
  const edges: Edge[] = [];
  for (const ring of rings) {
    const count = ring.length >> 1;
    for (let i = 0, j = count - 1; i < count; j = i++) {
      const [x0, y0] = [ring[2 * j]!, ring[2 * j + 1]!];
      const [x1, y1] = [ring[2 * i]!, ring[2 * i + 1]!];
      const first = Math.max(0, Math.ceil(Math.min(y0, y1) - 0.5));
      const last = Math.min(height, Math.ceil(Math.max(y0, y1) - 0.5));
      if (first < last) edges.push({ first, last, x0, y0, slope: [x1 - x0, y1 - y0] });
    }
  }
  return edges.sort((a, b) => a.first - b.first);
}

/** Sweeps the rows of one polygon; returns how many of its pixels an earlier region holds. `parity` is zero on return. */
function paint(
  edges: Edge[],
  labels: Uint32Array,
  label: number,
  width: number,
  parity: Uint8Array,
  budget: { left: number },
): number {
  let overlapPixels = 0;
  let active: Edge[] = [];
  for (let row = edges[0]?.first ?? 0, next = 0; next < edges.length || active.length > 0; row++) {
    active = active.filter((edge) => edge.last > row);
    // Rows between rings that lie apart cost nothing, or a hostile file could walk them a million times.
    if (active.length === 0 && next < edges.length) row = Math.max(row, edges[next]!.first);
    while (next < edges.length && edges[next]!.first <= row) active.push(edges[next++]!);
    // A crossing at x flips every pixel whose centre lies at or right of it.
    let [from, to] = [width, 0];
    for (const { x0, y0, slope } of active) {
      const x = x0 + ((row + 0.5 - y0) * slope[0]) / slope[1];
      const column = Math.min(width, Math.max(0, Math.ceil(x - 0.5)));
      parity[column]! ^= 1;
      if (column < from) from = column;
      if (column > to) to = column;
    }
    spend(budget, active.length + Math.max(0, to - from));
    let inside = 0;
    for (let c = from; c < to; c++) {
      inside ^= parity[c]!;
      parity[c] = 0;
      if (inside === 0) continue;
      const held = labels[row * width + c];
      if (held === 0) labels[row * width + c] = label;
      else if (held !== label) overlapPixels++;
    }
    parity[to] = 0;
  }
  return overlapPixels;
}
