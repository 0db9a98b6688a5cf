import { gzipSync } from "fflate";
import { encode } from "jpeg-js";
import { describe, expect, it } from "vitest";
import { crc32 } from "./crc32";
import { seeded } from "./fixtures/bytes";
import { attack, mutations, prefixes } from "./fixtures/hostile";
import { buildMat, type MatSpec } from "./fixtures/mat-builder";
import { buildNpy } from "./fixtures/npy-builder";
import { buildPng } from "./fixtures/png-builder";
import { buildTiff } from "./fixtures/tiff-builder";
import {
  decodeJpeg,
  decodePng,
  decodeTiff,
  rasterizeRegions,
  readGeoJson,
  readImageScopeXml,
  readMat,
  readNpy,
} from "./index";

const random = seeded(11);
const noise = (length: number, bits: number) => Array.from({ length }, () => random() % 2 ** bits);

const tiffs = (["none", "lzw", "packbits", "deflate"] as const).flatMap((compression, i) => [
  buildTiff({
    width: 9,
    height: 7,
    channels: 3,
    bits: 8,
    data: noise(189, 4),
    compression,
    rowsPerStrip: 2,
    littleEndian: i % 2 === 0,
    predictor: compression === "lzw",
  }),
  buildTiff({
    width: 9,
    height: 7,
    channels: 1,
    bits: 16,
    data: noise(63, 3),
    compression,
    tile: [4, 4],
    littleEndian: i % 2 === 1,
    resolution: { x: [4, 1], unit: 1 },
    description: "ImageJ=1.53\nunit=micron\n",
  }),
]);
const pngs = [
  buildPng({ width: 9, height: 7, depth: 8, colorType: 2, samples: noise(189, 8) }),
  buildPng({ width: 9, height: 7, depth: 16, colorType: 0, samples: noise(63, 16), interlaced: true }),
  buildPng({
    width: 9,
    height: 7,
    depth: 2,
    colorType: 3,
    samples: noise(63, 1),
    palette: [1, 2, 3, 4, 5, 6],
    transparency: [0],
  }),
];
const shaded = Uint8Array.from({ length: 24 * 17 * 4 }, (_, i) => (i * 7) % 256);
const jpegs = [50, 90].map((quality) => new Uint8Array(encode({ width: 24, height: 17, data: shaded }, quality).data));
const map: MatSpec = { name: "inst_map", dims: [5, 6], className: "double", stored: "u16", data: noise(30, 9) };
const mats = [
  buildMat([{ ...map, name: "other" }, map]),
  buildMat(
    [
      { ...map, compressed: true },
      { ...map, name: "t", className: "char" },
    ],
    false,
  ),
];
const npys = [
  buildNpy({ descr: "<i4", shape: [5, 6], data: noise(30, 9) }),
  buildNpy({ descr: ">f8", shape: [5, 6], data: noise(30, 9), fortran: true, version: 2 }),
];
const outline = (id: number) => {
  const points = Array.from({ length: 8 }, () => `<Vertex X="${(random() % 200) / 10}" Y="${random() % 20}"/>`);
  return `<Region Id="${id}" Type="0"><Vertices>${points.join("\n")}</Vertices></Region>`;
};
const xmls = [1, 2].map((n) =>
  new TextEncoder().encode(
    `<Annotations MicronsPerPixel="0.25"><Annotation Id="${n}"><Regions>${outline(1)}${outline(4)}</Regions></Annotation></Annotations>`,
  ),
);
const ring = (): number[][] => {
  const points = Array.from({ length: 6 }, () => [(random() % 200) / 10, random() % 20]);
  return [...points, points[0]!];
};
const geojson = new TextEncoder().encode(
  JSON.stringify([
    { type: "Feature", geometry: { type: "Polygon", coordinates: [ring(), ring()] }, properties: { name: "\u00e9" } },
    { type: "Feature", geometry: { type: "MultiPolygon", coordinates: [[ring()], [ring()]] } },
    { type: "Feature", geometry: { type: "Point", coordinates: [1, 2] } },
  ]),
);

const readers = [
  { name: "TIFF", good: tiffs, decode: decodeTiff },
  { name: "PNG", good: pngs, decode: decodePng },
  { name: "JPEG", good: jpegs, decode: decodeJpeg },
  { name: "MAT", good: mats, decode: readMat },
  { name: "NPY", good: npys, decode: readNpy },
  {
    name: "XML",
    good: xmls,
    decode: (bytes: Uint8Array) => rasterizeRegions(readImageScopeXml(bytes).regions, 20, 20),
  },
  {
    name: "GeoJSON",
    good: [geojson, geojson, gzipSync(geojson)],
    decode: (bytes: Uint8Array) => rasterizeRegions(readGeoJson(bytes).regions, 20, 20),
  },
];

/** Puts right CRCs on every chunk that still has its place, so that mutations reach behind the checksum. */
function repairPng(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  for (let at = 8; at + 12 <= out.length; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > out.length) break;
    view.setUint32(at + 8 + length, crc32(out.subarray(at + 4, at + 8 + length)));
    at += 12 + length;
  }
  return out;
}

describe.each(readers)("$name", ({ name, good, decode }) => {
  it("5,000 seeded mutations: a typed error or a result, quickly and in little memory", () => {
    for (const file of good) expect(() => decode(file)).not.toThrow();
    const tally = attack(mutations(good, 5000), decode);
    expect(tally.valid + tally.refused).toBe(5000);
    // Far from all valid and far from all refused at the first byte, or the mutations would test nothing.
    expect(tally.refused).toBeGreaterThan(500);
    if (name !== "PNG") expect(tally.valid).toBeGreaterThan(25);
  });

  it("every prefix", () => {
    for (const file of good) {
      const tally = attack(prefixes(file), decode);
      expect(tally.valid + tally.refused).toBe(file.length);
      expect(tally.refused).toBeGreaterThan(file.length / 2);
    }
  });
});

describe("PNG behind its checksums", () => {
  it("5,000 seeded mutations with the CRCs put right", () => {
    function* repaired() {
      for (const bytes of mutations(pngs, 5000)) yield repairPng(bytes);
    }
    const tally = attack(repaired(), decodePng);
    expect(tally.refused).toBeGreaterThan(500);
    expect(tally.valid).toBeGreaterThan(100);
  });
});
