import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { masks } from "../test-support/brute-force";
import { syntheticNuclei, worstIou } from "../test-support/synthetic-nuclei";
import { components } from "./components";
import { connectedComponents } from "./connected-components";
import { InstancesError } from "./errors";
import type { ImageSize } from "./label-map";
import { mergeTiles } from "./merge-tiles";
import { cropTile, type Tile, tileGrid } from "./tile-grid";
import { watershed } from "./watershed";

describe("tileGrid", () => {
  it("covers every pixel with one core, inside its tile, inside the image", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), fc.integer({ min: 1, max: 15 }), fc.nat(20), (width, height, tile, halo) => {
        const hits = new Uint8Array(width * height);
        for (const [k, t] of tileGrid(width, height, { tile, halo }).entries()) {
          expect(t.index).toBe(k);
          expect(t.x).toBe(Math.max(0, t.core.x - halo));
          expect(t.y + t.height).toBe(Math.min(height, t.core.y + t.core.height + halo));
          for (let y = t.core.y; y < t.core.y + t.core.height; y++)
            for (let x = t.core.x; x < t.core.x + t.core.width; x++) hits[y * width + x]!++;
        }
        expect(hits.every((n) => n === 1)).toBe(true);
      }),
    );
  });
});

describe("mergeTiles", () => {
  it("by overlap equals connected components of the whole, with any halo of at least 1 and in any order", async () => {
    await fc.assert(
      fc.asyncProperty(
        masks(20),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        async ({ data, width, height }, tile, halo, backwards) => {
          const results = tileGrid(width, height, { tile, halo }).map((t) => ({
            tile: t,
            labels: connectedComponents(cropTile(data, width, t), t),
          }));
          const merged = await mergeTiles(backwards ? results.reverse() : results, { width, height, match: "overlap" });
          expect(merged).toEqual(connectedComponents(data, { width, height }));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("by agreement equals the untiled watershed on crowded images, clumps far larger than the halo included", async () => {
    const side = 600;
    for (const [seed, density] of [
      [1, 6],
      [1, 14],
      [6, 14],
      [10, 14],
    ] as const) {
      const map = syntheticNuclei(side, side, seed, density);
      const find = (data: Float32Array, { width, height }: ImageSize) =>
        watershed(data, { width, height, maxHoleArea: 200 });
      const whole = find(map, { width: side, height: side });
      const tiles = tileGrid(side, side, { tile: 100, halo: 64 });
      const merged = await mergeTiles(
        tiles.map((tile) => ({ tile, labels: find(cropTile(map, side, tile), tile) })),
        { width: side, height: side },
      );
      expect(merged.count).toBe(whole.count);
      expect(worstIou(whole.data, merged.data, whole.count, merged.count)).toBeGreaterThanOrEqual(0.98);
    }
  });

  it("at 4096 x 4096: same nuclei, every IoU at least 0.98, tiles made while they are merged", async () => {
    const side = 4096;
    const map = syntheticNuclei(side, side, 11, 5);
    const whole = components(map, { width: side, height: side });
    async function* results() {
      for (const tile of tileGrid(side, side))
        yield { tile, labels: components(cropTile(map, side, tile), { width: tile.width, height: tile.height }) };
    }
    const merged = await mergeTiles(results(), { width: side, height: side });
    expect(merged.count).toBe(whole.count);
    expect(worstIou(whole.data, merged.data, whole.count, merged.count)).toBeGreaterThanOrEqual(0.98);
  });

  it("refuses gaps, doubles and labels of another size", async () => {
    const tiles = tileGrid(8, 4, { tile: 4, halo: 1 });
    const empty = (tile: Tile) => ({
      tile,
      labels: { data: new Uint32Array(tile.width * tile.height), ...sides(tile) },
    });
    const sides = ({ width, height }: Tile) => ({ width, height });
    const o = { width: 8, height: 4 };
    await expect(mergeTiles([empty(tiles[0]!)], o)).rejects.toThrow("tiles are missing");
    await expect(mergeTiles([...tiles, tiles[0]!].map(empty), o)).rejects.toThrow("a core came twice");
    await expect(mergeTiles(tiles.map(empty), { width: 7, height: 4 })).rejects.toThrow("does not fit the image");
    const wrong = { tile: tiles[0]!, labels: { data: new Uint32Array(16), width: 4, height: 4 } };
    await expect(mergeTiles([wrong], o)).rejects.toThrow(InstancesError);
    expect(await mergeTiles([], { width: 0, height: 9 })).toMatchObject({ count: 0 });
    expect(() => tileGrid(8, 8, { tile: 0 })).toThrow(InstancesError);
  });
});
