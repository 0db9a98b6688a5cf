// Tiled = untiled on 20 synthetic 4096 x 4096 images, components and watershed:
//   node tools/run.mjs packages/instances/test-support/tiles-20.ts [IMAGES]
import { components, cropTile, type ForegroundOptions, mergeTiles, tileGrid, watershed } from "../src/index";
import { syntheticNuclei, worstIou } from "./synthetic-nuclei";

const SIDE = 4096;
const images = Number(process.argv[2] ?? 20);
for (const [name, label] of Object.entries({ components, watershed })) {
  for (let seed = 1; seed <= images; seed++) {
    // From well separated to half covered, so that some clumps are far larger than the halo.
    const map = syntheticNuclei(SIDE, SIDE, seed, 3 + (seed % 10));
    const find = (data: Float32Array, options: ForegroundOptions) => label(data, options);
    const whole = find(map, { width: SIDE, height: SIDE });
    const tiles = tileGrid(SIDE, SIDE, { tile: 1024, halo: 64 });
    const start = performance.now();
    const merged = await mergeTiles(
      (function* () {
        for (const tile of tiles)
          yield { tile, labels: find(cropTile(map, SIDE, tile), { width: tile.width, height: tile.height }) };
      })(),
      { width: SIDE, height: SIDE, match: label === components ? "overlap" : "iou" },
    );
    const iou = worstIou(whole.data, merged.data, whole.count, merged.count);
    const ok = whole.count === merged.count && iou >= 0.98;
    const ms = Math.round(performance.now() - start);
    console.log(
      `${name} ${seed}: ${whole.count} nuclei, tiled ${merged.count}, worst IoU ${iou.toFixed(4)}, ${ms} ms ${ok ? "ok" : "DIFFERS"}`,
    );
    if (!ok) process.exitCode = 1;
  }
}
