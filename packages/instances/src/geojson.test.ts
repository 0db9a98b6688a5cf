import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { masks } from "../test-support/brute-force";
import { seeded, syntheticNuclei } from "../test-support/synthetic-nuclei";
import { byteStream } from "./byte-stream";
import { InstancesError } from "./errors";
import { readGeoJson } from "./geojson-read";
import { writeGeoJson } from "./geojson-write";
import type { LabelInput } from "./label-map";
import { labelsFromGeoJson } from "./labels-from-geojson";
import { type FeatureOptions, type NucleusFeature, nucleusFeatures } from "./nucleus-feature";
import { nucleusUuid } from "./uuid";
import { watershed } from "./watershed";

async function textOf(features: Iterable<NucleusFeature>, options?: Parameters<typeof writeGeoJson>[1]) {
  let text = "";
  for await (const piece of writeGeoJson(features, options)) text += piece;
  return text;
}
const toText = (map: LabelInput, options?: FeatureOptions) => textOf(nucleusFeatures(map, options));
const bytesOf = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
  new Uint8Array(await new Response(stream).arrayBuffer());
const feature = (geometry: unknown, properties: unknown = {}) => ({ type: "Feature", geometry, properties });
const square = (x: number, y: number, side: number) => ({
  type: "Polygon",
  coordinates: [
    [
      [x, y],
      [x + side, y],
      [x + side, y + side],
      [x, y + side],
      [x, y],
    ],
  ],
});
const draw = (json: unknown, width = 4, height = 4) => labelsFromGeoJson(JSON.stringify(json), { width, height });

describe("writeGeoJson", () => {
  it("writes what QuPath imports", async () => {
    const map = { data: Uint8Array.of(0, 3, 3, 0, 3, 0), width: 3, height: 2 };
    const image = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), channels: 1 };
    const classification = { name: "Tumor", color: [200, 0, 0] } as const;
    const json = JSON.parse(
      await toText(map, { image, channelNames: ["Haematoxylin"], micronsPerPixel: 0.5, classification }),
    );
    expect(json.type).toBe("FeatureCollection");
    const [only] = json.features;
    expect(Object.keys(only)).toEqual(["type", "id", "geometry", "properties"]);
    expect(only.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-000000000003$/);
    expect(only.geometry).toEqual({
      type: "Polygon",
      coordinates: [
        [
          [1, 0],
          [3, 0],
          [3, 1],
          [2, 1],
          [2, 2],
          [1, 2],
          [1, 0],
        ],
      ],
    });
    expect(only.properties.objectType).toBe("detection");
    expect(only.properties.classification).toEqual(classification);
    expect(only.properties.measurements["Area µm^2"]).toBe(0.75);
    expect(only.properties.measurements["Haematoxylin: Mean"]).toBeCloseTo(10 / 3, 12);
    expect(only.properties.metadata).toEqual({ label: "3" });
  });

  it("writes a MultiPolygon for parts that do not touch, classes per nucleus, and no NaN", async () => {
    const map = { data: Uint8Array.of(1, 0, 1, 2), width: 4, height: 1 };
    const json = JSON.parse(await toText(map, { classification: (m) => (m.area > 1 ? { name: "big" } : undefined) }));
    expect(json.features[0].geometry.type).toBe("MultiPolygon");
    expect(json.features[0].properties.classification).toEqual({ name: "big" });
    expect(json.features[1].properties).not.toHaveProperty("classification");
    const ring = Int32Array.of(0, 0, 1, 0, 1, 1, 0, 0);
    const odd = await textOf([{ id: 1, polygons: [[ring]], measurements: { 'a"b': 1, gone: Number.NaN } }]);
    expect(JSON.parse(odd).features[0].properties.measurements).toEqual({ 'a"b': 1 });
  });

  it("refuses outlines that QuPath would", async () => {
    const write = (ring: number[], id = 1) => textOf([{ id, polygons: [[Float64Array.from(ring)]] }]);
    await expect(write([0, 0, 1, 0, 1, 1, 0, 1])).rejects.toThrow("a ring of nucleus 1 is not closed");
    await expect(write([0, 0, 1, 0, 0, 0])).rejects.toThrow(InstancesError);
    await expect(write([0, 0, 1, Number.NaN, 1, 1, 0, 0])).rejects.toThrow("has no place");
    await expect(write([0, 0, 1, 0, 1, 1, 0, 0], 0)).rejects.toThrow("no valid id");
    await expect(textOf([{ id: 4, polygons: [] }])).rejects.toThrow("nucleus 4 has no outline");
    expect(JSON.parse(await textOf([]))).toEqual({ type: "FeatureCollection", features: [] });
  });

  it("gives every nucleus of every name space its own UUID", () => {
    const seen = new Set<string>();
    for (const namespace of ["", "a.png", "b.png", "slide 1", "slide 2"])
      for (const id of [1, 2, 255, 65536, 4294967295]) seen.add(nucleusUuid(id, namespace));
    expect(seen.size).toBe(25);
    expect(nucleusUuid(7, "a")).toBe(nucleusUuid(7, "a"));
  });
});

describe("labels -> GeoJSON -> labels", () => {
  it("is the identity, plain and gzip, in pieces of any length", async () => {
    await fc.assert(
      fc.asyncProperty(
        masks(12),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 50 }),
        async (mask, ids, gzip, cut) => {
          const { width, height } = mask;
          const data = Uint32Array.from(mask.data, (v, i) => (v === 0 ? 0 : 1 + 1000 * ((i * 13) % ids)));
          const bytes = await bytesOf(byteStream(writeGeoJson(nucleusFeatures({ data, width, height })), { gzip }));
          expect(bytes[0]).toBe(gzip ? 0x1f : 0x7b);
          const pieces = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, k) =>
            bytes.slice(k * cut, (k + 1) * cut),
          );
          const back = await labelsFromGeoJson(pieces, { width, height });
          expect([...back.data]).toEqual([...data]);
          expect(back).toMatchObject({
            count: new Set(data.filter(Boolean)).size,
            overlapPixels: 0,
            empty: 0,
            renumbered: 0,
          });
        },
      ),
      { numRuns: 120 },
    );
  });

  it("keeps classes and measurements", async () => {
    const map = { data: Uint8Array.of(1, 2), width: 2, height: 1 };
    const text = await toText(map, { classification: { name: "N" } });
    const features: NucleusFeature[] = [];
    for await (const f of readGeoJson(text)) features.push(f);
    expect(features.map((f) => f.id)).toEqual([1, 2]);
    expect(features[0]!.classification).toEqual({ name: "N" });
    expect(features[0]!.measurements!["Area px"]).toBe(1);
    expect(await textOf(features)).toBe(text);
  });
});

describe("readGeoJson", () => {
  it("takes collections, lists, single features, QuPath's variants and a stream", async () => {
    const one = feature(square(0, 0, 2));
    for (const json of [{ features: [one], type: "FeatureCollection", crs: { a: [1, "]}"] } }, [one], one])
      expect((await draw(json)).data.filter((v) => v === 1).length).toBe(4);
    const cell = { ...feature(square(0, 0, 4)), nucleusGeometry: square(1, 1, 2) };
    expect((await draw([cell])).data.filter(Boolean).length).toBe(4);
    const named = feature(square(0, 0, 1), {
      classification: { names: ["A", "B"], color: [1, 2, 3] },
      measurements: [
        { name: "x", value: 2 },
        { name: "y", value: "NaN" },
      ],
    });
    for await (const f of readGeoJson(`\ufeff ${JSON.stringify([named])} \n`))
      expect(f).toMatchObject({ id: 0, classification: { name: "A: B", color: [1, 2, 3] }, measurements: { x: 2 } });
    const stream = byteStream([JSON.stringify([one])], { gzip: true });
    expect((await labelsFromGeoJson(stream, { width: 4, height: 4 })).count).toBe(1);
    expect(await draw({ type: "FeatureCollection", features: [] })).toMatchObject({ count: 0, features: 0 });
  });

  it("lets the first feature keep a pixel, clips, and says what was odd", async () => {
    const labelled = (label: string, x: number, side: number) => feature(square(x, 0, side), { metadata: { label } });
    const got = await draw([
      labelled("9", 0, 2),
      labelled("9", 1, 2),
      feature(square(3, 3, 99)),
      feature(square(-9, -9, 3)),
      labelled("4", 0, 1),
    ]);
    expect([...got.data]).toEqual([9, 9, 10, 0, 9, 9, 10, 0, 0, 0, 0, 0, 0, 0, 0, 11]);
    expect(got).toMatchObject({ features: 5, count: 3, empty: 2, overlapPixels: 3, renumbered: 3 });
  });

  it("draws by pixel centres and the even-odd rule", async () => {
    const ring = [
      [0.5, 0.4],
      [3.6, 0.4],
      [3.6, 3.6],
      [0.5, 3.6],
      [0.5, 0.4],
    ];
    const hole = [
      [1, 1],
      [2, 1],
      [2, 2],
      [1, 2],
      [1, 1],
    ];
    const got = await draw([feature({ type: "Polygon", coordinates: [ring, hole] })]);
    expect([...got.data]).toEqual([1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it("refuses what is no such file, with a typed error that shows why", async () => {
    const polygon = (coordinates: unknown) => JSON.stringify([feature({ type: "Polygon", coordinates })]);
    const cases: [string | Uint8Array, RegExp][] = [
      ["", /ends too early/],
      ["hello", /no GeoJSON/],
      ["[] []", /something follows/],
      ["[1,]", /a value is missing/],
      ['{"type":"FeatureCollection","features":[]', /ends too early/],
      ['{"type" "x"}', /colon/],
      ['{"type":"FeatureCollection","features":[],"features":[]}', /two lists/],
      ['{"type":"FeatureCollection","features":{}}', /no list/],
      ["{}", /no collection/],
      ['{"type":"Topology"}', /no collection/],
      ["[7]", /no Feature/],
      ['[{"a":}]', /no JSON/],
      [JSON.stringify([feature(null)]), /no geometry/],
      [JSON.stringify([feature({ type: "Point", coordinates: [1, 2] })]), /no area/],
      [polygon([]), /no rings/],
      [polygon("x"), /no rings/],
      [
        polygon([
          [
            [0, 0],
            [1, 0],
            [0, 0],
          ],
        ]),
        /encloses nothing/,
      ],
      [
        polygon([
          [
            [0, 0],
            [1, 0],
            [1, 1],
            [0, 1],
          ],
        ]),
        /open ring/,
      ],
      [
        polygon([
          [
            [0, 0],
            ["1", 0],
            [1, 1],
            [0, 0],
          ],
        ]),
        /no pixel/,
      ],
      ["[".repeat(100_000), /nested too deeply|no Feature|too early/],
      [`[{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[1e999,0],[1,1],[0,0]]]}}]`, /no pixel/],
      [Uint8Array.of(0x5b, 0xff, 0xfe), /UTF-8/],
      [Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3), /gzip/],
    ];
    for (const [source, message] of cases) {
      const error = await labelsFromGeoJson(source, { width: 4, height: 4 }).catch((e: unknown) => e);
      expect(InstancesError.isInstance(error), String(source).slice(0, 60)).toBe(true);
      expect(String(error)).toMatch(message);
    }
    await expect(labelsFromGeoJson("[]".padEnd(99), { width: 1, height: 1, maxBytes: 50 })).rejects.toThrow("too long");
    const long = `["${"x".repeat(5000)}"]`;
    await expect(labelsFromGeoJson(long, { width: 1, height: 1, maxFeatureLength: 100 })).rejects.toThrow("too long");
  });

  it("stops outlines that would take minutes to draw", async () => {
    const huge = feature(square(0, 0, 1000));
    const many = JSON.stringify(Array.from({ length: 200 }, () => huge));
    await expect(labelsFromGeoJson(many, { width: 1000, height: 1000 })).rejects.toThrow("take too long");
    const zigzag = [...Array.from({ length: 20_000 }, (_, i) => [i % 1000, i % 2 === 0 ? 0 : 1000]), [0, 0]];
    const spiky = JSON.stringify([feature({ type: "Polygon", coordinates: [zigzag] })]);
    await expect(labelsFromGeoJson(spiky, { width: 1000, height: 1000 })).rejects.toThrow("row crossings");
  });

  it("answers every prefix and 5,000 mutations of good files with labels or a typed error", async () => {
    const map = watershed(syntheticNuclei(64, 48, 4), { width: 64, height: 48 });
    const good = new TextEncoder().encode(await toText(map, { simplify: 1, classification: { name: "é" } }));
    const zipped = await bytesOf(byteStream([await toText(map, { measurements: false, simplify: 2 })], { gzip: true }));
    const random = seeded(8);
    const pick = (n: number) => Math.floor(random() * n);
    let refused = 0;
    const attempt = async (bytes: Uint8Array) => {
      try {
        const got = await labelsFromGeoJson(bytes, { width: 64, height: 48, maxBytes: 1 << 22 });
        expect(got.data.length).toBe(64 * 48);
      } catch (error) {
        if (!InstancesError.isInstance(error)) throw error;
        refused++;
      }
    };
    const small = good.subarray(0, 700);
    for (let n = 0; n <= small.length; n++) await attempt(small.subarray(0, n));
    expect(refused).toBe(small.length + 1);
    for (let k = 0; k < 5000; k++) {
      const from = k % 4 === 0 ? zipped : good;
      const start = from === good ? pick(2) * pick(good.length) : 0;
      const bytes = from.slice(0, from === good ? 3000 : from.length);
      for (let m = pick(4); m >= 0; m--) {
        const at = pick(bytes.length);
        const kind = pick(4);
        if (kind < 2) bytes[at] = pick(256);
        else if (kind === 2) bytes[at] = '{}[]",:0e-'.charCodeAt(pick(10));
        else bytes.copyWithin(at, start % bytes.length, (start % bytes.length) + pick(40));
      }
      await attempt(bytes);
    }
    expect(refused).toBeGreaterThan(3000);
  });
});
