// Writes N nuclei (default 1,000,000) as GeoJSON, gzip if asked, and prints how far the heap grew at most:
//   node tools/run.mjs packages/instances/test-support/million.ts [N] [gzip]
import { byteStream } from "../src/byte-stream";
import { writeGeoJson } from "../src/geojson-write";
import type { NucleusFeature } from "../src/nucleus-feature";

const count = Number(process.argv[2] ?? 1_000_000);
const gzip = process.argv[3] === "gzip";

/** Nuclei with outlines of 24 corners and seven measurements, made when they are asked for. */
function* nuclei(): Generator<NucleusFeature> {
  for (let id = 1; id <= count; id++) {
    const x = (id * 37) % 100_000;
    const y = Math.floor(id / 1000) * 20;
    const ring = new Int32Array(50);
    for (let k = 0; k < 24; k++) {
      const angle = (k / 24) * 2 * Math.PI;
      ring[2 * k] = x + Math.round(9 * Math.cos(angle));
      ring[2 * k + 1] = y + Math.round(9 * Math.sin(angle));
    }
    ring[48] = ring[0]!;
    ring[49] = ring[1]!;
    const measurements = {
      Area: id % 300,
      Perimeter: 61.5,
      "Centroid X": x,
      "Centroid Y": y,
      Solidity: 0.97,
      Eccentricity: 0.4,
      H: 0.25,
    };
    yield { id, polygons: [[ring]], classification: { name: "Nucleus" }, measurements };
  }
}

const before = process.memoryUsage().heapUsed;
let peak = before;
let bytes = 0;
let pieces = 0;
const reader = byteStream(writeGeoJson(nuclei()), { gzip }).getReader();
for (let next = await reader.read(); !next.done; next = await reader.read()) {
  bytes += next.value.length;
  if (pieces++ % 16 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed);
}
console.log(
  JSON.stringify({
    count,
    bytes,
    peakGrowthMiB: (peak - before) / 2 ** 20,
    rssMiB: process.memoryUsage().rss / 2 ** 20,
  }),
);
