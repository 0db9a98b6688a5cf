import { InstancesError } from "./errors";
import { expectSize, type ImageSize } from "./label-map";

/** A rectangle of an image in pixels. */
export interface Box extends ImageSize {
  readonly x: number;
  readonly y: number;
}

/** One tile: what to read and segment (the box itself), and the part of it that only this tile decides (`core`). */
export interface Tile extends Box {
  /** Position in the list that `tileGrid` returns. */
  readonly index: number;
  /** In coordinates of the whole image, like the tile itself. */
  readonly core: Box;
}

/**
 * Tiles over an image, row by row: cores of `tile` x `tile` pixels (default 1024) that cover every pixel once, each widened by `halo`
 * (default 64) on every side that is not the image's border. For `mergeTiles` the halo should exceed the largest nucleus's
 * diameter, for `watershed` twice it, so that a nucleus in a core is seen whole, with its neighbours.
 * `fillHoles` is not local: give `maxHoleArea` a value whose holes fit in the halo, or a hole that only the whole image shows stays open.
 *
 * @throws InstancesError unless the sides are whole numbers, `tile` at least 1 and `halo` at least 0
 */
export function tileGrid(width: number, height: number, options: { tile?: number; halo?: number } = {}): Tile[] {
  const { tile = 1024, halo = 64 } = options;
  expectSize("tileGrid", { width, height });
  if (!Number.isInteger(tile) || tile < 1 || !Number.isInteger(halo) || halo < 0)
    throw new InstancesError(
      "tileGrid",
      "tile or halo is no number of pixels",
      `tile ${tile}, halo ${halo}`,
      "whole numbers, tile from 1, halo from 0",
    );
  const tiles: Tile[] = [];
  for (let cy = 0; cy < height; cy += tile)
    for (let cx = 0; cx < width; cx += tile) {
      const core = { x: cx, y: cy, width: Math.min(tile, width - cx), height: Math.min(tile, height - cy) };
      const x = Math.max(0, cx - halo);
      const y = Math.max(0, cy - halo);
      tiles.push({
        index: tiles.length,
        core,
        x,
        y,
        width: Math.min(width, cx + core.width + halo) - x,
        height: Math.min(height, cy + core.height + halo) - y,
      });
    }
  return tiles;
}

/** A typed array of pixels. */
interface Pixels<T> {
  readonly length: number;
  slice(from: number, to: number): T;
}

/** The pixels of a tile out of an image `[height, width, channels]`, as a new array of the same kind. */
export function cropTile<T extends Pixels<T> & { [index: number]: number }>(
  data: T,
  imageWidth: number,
  tile: Box,
  channels = 1,
): T {
  const row = tile.width * channels;
  // The first values are overwritten; slicing is how an array of an unknown kind gets a smaller sister.
  const out = data.slice(0, row * tile.height);
  for (let r = 0, to = 0; r < tile.height; r++) {
    const from = ((tile.y + r) * imageWidth + tile.x) * channels;
    for (let i = from; i < from + row; i++, to++) (out as { [index: number]: number })[to] = data[i]!;
  }
  return out;
}
