import { InstancesError } from "./errors";
import { expectSize, type ImageSize, type LabelInput, type LabelMap } from "./label-map";
import { relabel } from "./relabel";
import type { Box, Tile } from "./tile-grid";

/** A tile of `tileGrid` and the nuclei found in it, row-major `[tile.height, tile.width]`, ids of its own. */
export interface LabelledTile {
  readonly tile: Tile;
  readonly labels: LabelInput;
}

/** How `mergeTiles` recognises one nucleus in two tiles. */
export interface MergeOptions extends ImageSize {
  /**
   * `"iou"` (default): where both tiles see, their nuclei agree at an IoU above 0.5; touching nuclei stay apart.
   * `"overlap"`: they share a pixel; exact for `components` of any size (even a ring over many tiles), wrong for touching labels.
   */
  match?: "iou" | "overlap";
}

/**
 * One label map from the labels of overlapping tiles, numbered 1..count, as if the image had been labelled whole. Tiles are taken one
 * by one in any order, each once; one is in memory at a time besides the result.
 *
 * Every pixel gets its label from the tile in whose core it lies. A tile also sees a rim of its neighbours' cores; nuclei
 * that agree there are joined. Why not "the tile with the centroid owns the nucleus": a nucleus larger than the halo has another centroid
 * in each tile and is lost or doubled, while agreement on a shared rim holds for any size. Why not one probability map for all: it needs the
 * whole image in memory twice. With the halo that `tileGrid` asks for, both tiles see a nucleus on the seam whole, so they
 * agree exactly and the result equals the untiled one.
 *
 * @throws InstancesError if tiles overlap in their cores, leave a gap, or do not fit the image or their labels
 */
export async function mergeTiles(
  tiles: Iterable<LabelledTile> | AsyncIterable<LabelledTile>,
  options: MergeOptions,
): Promise<LabelMap> {
  const { width, height, match = "iou" } = options;
  expectSize("mergeTiles", options);
  if (match !== "iou" && match !== "overlap")
    throw new InstancesError("mergeTiles", "match is unknown", String(match), '"iou" or "overlap"');
  const data = new Uint32Array(width * height);
  const parent: number[] = [0];
  const done: Box[] = [];
  let covered = 0;
  for await (const { tile, labels } of tiles) {
    expectTile(tile, labels, options, done);
    const local = relabel(labels);
    const base = parent.length - 1;
    for (let id = 1; id <= local.count; id++) parent.push(base + id);
    const { core } = tile;
    const painted = new Uint8Array(local.count + 1);
    for (let y = core.y; y < core.y + core.height; y++)
      for (let x = core.x, i = (y - tile.y) * tile.width - tile.x; x < core.x + core.width; x++) {
        const id = local.data[i + x]!;
        if (id === 0) continue;
        data[y * width + x] = base + id;
        painted[id] = 1;
      }
    for (const other of done) {
      const rim = intersection(other, tile);
      if (rim === undefined) continue;
      // Nuclei outside the core are not in the result; near the tile's edge they are cut, and could join what is apart.
      for (const [a, b] of agreeing(data, width, local.data, tile, rim, match))
        if (painted[a] === 1) union(parent, base + a, b);
    }
    done.push(core);
    covered += core.width * core.height;
  }
  if (covered !== data.length)
    throw new InstancesError("mergeTiles", "tiles are missing", `${covered} pixels in cores`, `${data.length} pixels`);
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) data[i] = find(parent, data[i]!);
  return relabel({ data, width, height });
}

/** Pairs (id in the tile, id in the merged map) that are one nucleus, judged inside `rim` alone. */
function agreeing(
  merged: Uint32Array,
  width: number,
  labels: Uint32Array,
  tile: Box,
  rim: Box,
  match: "iou" | "overlap",
): [number, number][] {
  const areaA = new Map<number, number>();
  const areaB = new Map<number, number>();
  const shared = new Map<number, Map<number, number>>();
  for (let y = rim.y; y < rim.y + rim.height; y++)
    for (let x = rim.x; x < rim.x + rim.width; ) {
      const a = labels[(y - tile.y) * tile.width + x - tile.x]!;
      const b = merged[y * width + x]!;
      const from = x;
      // Maps are asked once per run of equal pairs.
      do x++;
      while (
        x < rim.x + rim.width &&
        labels[(y - tile.y) * tile.width + x - tile.x] === a &&
        merged[y * width + x] === b
      );
      const n = x - from;
      if (a !== 0) areaA.set(a, (areaA.get(a) ?? 0) + n);
      if (b !== 0) areaB.set(b, (areaB.get(b) ?? 0) + n);
      if (a === 0 || b === 0) continue;
      let row = shared.get(a);
      if (row === undefined) shared.set(a, (row = new Map()));
      row.set(b, (row.get(b) ?? 0) + n);
    }
  const pairs: [number, number][] = [];
  for (const [a, row] of shared)
    for (const [b, n] of row) if (match === "overlap" || 2 * n > areaA.get(a)! + areaB.get(b)! - n) pairs.push([a, b]);
  return pairs;
}

function expectTile(tile: Tile, labels: LabelInput, image: ImageSize, done: readonly Box[]): void {
  const { core } = tile;
  const show = (box: Box): string => `${box.width} x ${box.height} at (${box.x}, ${box.y})`;
  if (!within(core, tile) || !within(tile, { x: 0, y: 0, ...image }))
    throw new InstancesError(
      "mergeTiles",
      "a tile does not fit the image",
      `tile ${show(tile)} with core ${show(core)}`,
      `the core in the tile, the tile in ${image.width} x ${image.height}`,
    );
  if (labels.width !== tile.width || labels.height !== tile.height)
    throw new InstancesError(
      "mergeTiles",
      "labels do not fit their tile",
      `${labels.width} x ${labels.height} for the tile ${show(tile)}`,
      "one label per pixel of the tile, halo included",
    );
  for (const other of done)
    if (intersection(core, other) !== undefined)
      throw new InstancesError(
        "mergeTiles",
        "a core came twice",
        `${show(core)} after ${show(other)}`,
        "each pixel once",
      );
}

function within(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function intersection(a: Box, b: Box): Box | undefined {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}

function union(parent: number[], a: number, b: number): void {
  a = find(parent, a);
  b = find(parent, b);
  if (a < b) parent[b] = a;
  else parent[a] = b;
}

function find(parent: number[], id: number): number {
  while (parent[id] !== id) id = parent[id] = parent[parent[id]!]!;
  return id;
}
