import { gzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { featureCollection, json, polygonGeometry, squareRing } from "../../test-support/trees";
import { DecodeError } from "./errors";
import { zeroBomb } from "./fixtures/bomb";
import { measureAllocations } from "./fixtures/hostile";
import { readGeoJson } from "./geojson";
import { gunzip } from "./gunzip";
import { rasterizeRegions } from "./rasterize-regions";

const utf8 = (text: string) => new TextEncoder().encode(text);
const feature = (geometry: unknown, more = {}) => ({ type: "Feature", geometry, properties: {}, ...more });
const square = (x: number, y: number, side: number) => polygonGeometry(squareRing(x, y, side));
const draw = (file: unknown, width = 4, height = 4) => [
  ...rasterizeRegions(readGeoJson(json(file)).regions, width, height).labels,
];
function refusal(run: () => unknown): DecodeError {
  try {
    run();
  } catch (error) {
    if (DecodeError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("accepted");
}

describe("readGeoJson", () => {
  it("reads a collection, a list and one feature alike", () => {
    const one = feature(square(1, 1, 2));
    const expected = { regions: [{ polygons: [[Float64Array.of(1, 1, 3, 1, 3, 3, 1, 3, 1, 1)]] }], dropped: 0 };
    for (const file of [{ features: [one], type: "FeatureCollection", crs: { name: 'a"]}' } }, [one], one])
      expect(readGeoJson(json(file))).toEqual(expected);
    expect(readGeoJson(utf8(`\ufeff \r\n${JSON.stringify(one, null, 2)}\n`))).toEqual(expected);
    expect(readGeoJson(json({ type: "FeatureCollection", features: [] }))).toEqual({ regions: [], dropped: 0 });
  });

  it("takes the nucleus of a QuPath cell, and the cell where it has none", () => {
    const classification = { name: "Tumor", color: [200, 0, 0] };
    const cell = (nucleusGeometry: unknown) =>
      feature(square(0, 0, 4), { nucleusGeometry, properties: { objectType: "cell", classification } });
    expect(draw([cell(square(1, 1, 2))])).toEqual([0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
    expect(draw([cell(null)])).toEqual(new Array(16).fill(1));
  });

  it("draws holes and the parts of a MultiPolygon by the even-odd rule of each polygon", () => {
    expect(draw([feature(polygonGeometry(squareRing(0, 0, 4), squareRing(1, 1, 2)))])).toEqual([
      1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1,
    ]);
    // Two squares of one nucleus that overlap: as two polygons they are joined, and no pixel is counted as shared.
    const parts = feature({ type: "MultiPolygon", coordinates: [[squareRing(0, 0, 3)], [squareRing(1, 1, 3)]] });
    const { labels, overlapPixels } = rasterizeRegions(readGeoJson(json([parts])).regions, 4, 4);
    expect([...labels]).toEqual([1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1]);
    expect(overlapPixels).toBe(0);
    // An island in the hole, as a second polygon.
    const ring = [squareRing(0, 0, 5), squareRing(1, 1, 3)];
    const island = feature({ type: "MultiPolygon", coordinates: [ring, [squareRing(2, 2, 1)]] });
    expect(
      draw([island], 5, 5)
        .map((v, i) => (v ? i : -1))
        .filter((i) => i === 12 || (i > 5 && i < 9)),
    ).toEqual([12]);
  });

  it("goes by pixel centres, clips, and lets the first feature keep a pixel", () => {
    const file = [square(0.5, 0.4, 1), square(0, 0, 2), square(3, -7, 9), square(9, 9, 2)].map((g) => feature(g));
    const { regions } = readGeoJson(json(file));
    const drawn = rasterizeRegions(regions, 4, 4);
    expect([...drawn.labels]).toEqual([1, 2, 0, 3, 2, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([drawn.overlapPixels, drawn.dropped]).toEqual([1, 0]);
  });

  it("counts what is no area", () => {
    const file = featureCollection(
      { type: "Point", coordinates: [1, 2] },
      square(0, 0, 2),
      { type: "MultiPoint", coordinates: [[1, 2]] },
      { type: "LineString", coordinates: [[1, 2], [3, 4]] }, // biome-ignore format: one line
      { type: "MultiLineString", coordinates: [] },
      { type: "GeometryCollection", geometries: [] },
      null,
    );
    const { regions, dropped } = readGeoJson(json(file));
    expect([regions.length, dropped]).toEqual([1, 6]);
  });

  it.each([
    ["an empty file", "", "wrong-format", "Got an empty file"],
    ["text", "hello", "wrong-format", "Expected { or ["],
    ["a web page", "<html></html>", "wrong-format", "this is no JSON"],
    ["a cut text", '{"type":"FeatureCollection","features":[', "corrupt", "broken JSON"],
    ["two texts", "[] []", "corrupt", "broken JSON"],
    ["other JSON", '{"train":["a"]}', "wrong-format", "Got an object with train and type undefined"],
    ["a bare geometry", JSON.stringify(square(0, 0, 1)), "wrong-format", 'type "Polygon"'],
    ["no list", '{"type":"FeatureCollection","features":{}}', "corrupt", '"features" is no list'],
    ["a number for a feature", "[7]", "wrong-format", "feature 1 is no Feature. Got 7"],
    ["another type", JSON.stringify([feature({ type: "Circle" })]), "corrupt", 'Got type "Circle"'],
    ["a text for a geometry", JSON.stringify([feature("x")]), "corrupt", 'Got "x"'],
    ["depth", `[${'{"a":'.repeat(100_000)}`, "corrupt", "nested deeper than 64"],
  ])("refuses %s", (_name, text, code, message) => {
    const error = refusal(() => readGeoJson(utf8(text)));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
    expect(error.message).toMatch(/^\[readGeoJson\] /);
    expect(error.message.length).toBeLessThan(400);
  });

  it.each([
    ["[]", "has no rings"],
    ['"x"', "has no rings"],
    ["[[[0,0],[1,0],[0,0]]]", "encloses nothing"],
    ["[[[0,0],[1,0],[1,1],[0,1]]]", "feature 2 has an open ring in a.geojson. Got (0, 0) first and (0, 1) last"],
    ['[[[0,0],["1",0],[1,1],[0,0]]]', "no pixel"],
    ["[[[0,0],null,[1,1],[0,0]]]", "no pixel"],
    ["[[[0,0],[1e999,0],[1,1],[0,0]]]", "no pixel"],
    ["[[[0,0],[1,-1e10],[1,1],[0,0]]]", "within 2^31"],
  ])("refuses the polygon %s", (coordinates, message) => {
    const bad = `{"type":"Feature","geometry":{"type":"Polygon","coordinates":${coordinates}}}`;
    const text = `[${JSON.stringify(feature(square(0, 0, 1)))},${bad}]`;
    const error = refusal(() => readGeoJson(utf8(text), { name: "a.geojson" }));
    expect([error.code, error.message]).toEqual(["corrupt", expect.stringContaining(message)]);
    const notANumber = refusal(() => readGeoJson(utf8(text.replace("[0,0]", "[NaN,0]"))));
    expect(notANumber.message).toContain("broken JSON");
  });

  it("refuses a MultiPolygon without polygons and bytes that are no UTF-8", () => {
    const empty = refusal(() => readGeoJson(json([feature({ type: "MultiPolygon", coordinates: [] })])));
    expect([empty.code, empty.message]).toEqual(["corrupt", expect.stringContaining("no polygons")]);
    expect(refusal(() => readGeoJson(Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d))).message).toContain("no UTF-8");
  });
});

describe("work of hostile files", () => {
  it("10 million points are refused before they are parsed", () => {
    const text = utf8(
      `[{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[${"[0,1],".repeat(1e7)}[0,1]]]}}]`,
    );
    const start = performance.now();
    expect(refusal(() => readGeoJson(text)).code).toBe("too-large");
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it("commas and brackets in names do not count, those outside do", () => {
    const file = json([feature(square(0, 0, 2), { properties: { name: '[{,:\\"[{,:'.repeat(50) } })]);
    expect(readGeoJson(file, { maxValues: 40 }).regions.length).toBe(1);
    expect(refusal(() => readGeoJson(file, { maxValues: 20 })).code).toBe("too-large");
    expect(refusal(() => readGeoJson(file, { maxBytes: 100 })).code).toBe("too-large");
  });

  it("outlines that would take minutes to draw are refused", () => {
    const code = (file: unknown) => {
      const { regions } = readGeoJson(json(file));
      return refusal(() => rasterizeRegions(regions, 200, 200)).code;
    };
    expect(code(new Array(1000).fill(feature(square(0, 0, 1000))))).toBe("too-large");
    const zigzag = Array.from({ length: 100_000 }, (_, i) => [i % 200, i % 2 === 0 ? 0 : 200]);
    expect(code([feature(polygonGeometry([...zigzag, [0, 0]]))])).toBe("too-large");
  });

  it("rows between far rings of one polygon are not walked", () => {
    const height = 2 ** 24;
    const far = { polygons: new Array(3000).fill([squareRing(0, 0, 1).flat(), squareRing(0, height - 1, 1).flat()]) };
    const start = performance.now();
    const { labels } = rasterizeRegions([far], 1, height);
    expect([labels[0], labels[1], labels[height - 1]]).toEqual([1, 0, 1]);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

describe("gzip", () => {
  const text = json(featureCollection(square(0, 0, 2), square(2, 2, 1)));
  const zipped = gzipSync(text, { filename: "a.geojson" });

  it("is told by its bytes", () => {
    expect(readGeoJson(zipped)).toEqual(readGeoJson(text));
    const view = new Uint8Array([9, ...gzipSync(text, { level: 0 }), 9]).subarray(1, -1);
    expect(readGeoJson(view)).toEqual(readGeoJson(text));
    // All optional header fields: extra, name, comment, header checksum.
    const body = gzipSync(text).subarray(10);
    const header = [0x1f, 0x8b, 8, 30, 0, 0, 0, 0, 0, 3, 2, 0, 7, 7, 97, 0, 98, 0, 1, 2];
    expect(readGeoJson(Uint8Array.of(...header, ...body))).toEqual(readGeoJson(text));
  });

  it("cut, damaged or joined is refused", () => {
    for (let length = 2; length < zipped.length; length++) {
      expect(["truncated", "corrupt", "too-large"]).toContain(
        refusal(() => readGeoJson(zipped.subarray(0, length))).code,
      );
    }
    expect(refusal(() => readGeoJson(zipped.subarray(0, 12))).code).toBe("truncated");
    // A flipped bit may leave good JSON with another digit: the checksum tells.
    const stored = gzipSync(utf8(JSON.stringify([feature(square(0, 0, 2))])), { level: 0 });
    const digit = stored.indexOf("2".charCodeAt(0), 60);
    const damaged = stored.slice();
    damaged[digit] = "3".charCodeAt(0);
    expect(refusal(() => readGeoJson(damaged)).message).toContain("another checksum");
    expect(refusal(() => readGeoJson(Uint8Array.of(...zipped, ...stored))).code).toBe("corrupt");
    expect(refusal(() => readGeoJson(Uint8Array.of(...stored, ...zipped))).code).toBe("truncated");
    expect(refusal(() => readGeoJson(Uint8Array.of(0x1f, 0x8b, 7, ...zipped.subarray(3)))).code).toBe("unsupported");
  });

  it("bombs are refused without unpacking more than is allowed", () => {
    const raw = zeroBomb([0x5b], 2 ** 28).subarray(2, -4);
    const bomb = (claim: number) => {
      const out = new Uint8Array(10 + raw.length + 8);
      out.set([0x1f, 0x8b, 8]);
      out.set(raw, 10);
      new DataView(out.buffer).setUint32(out.length - 4, claim, true);
      return out;
    };
    const where = { fn: "test" };
    for (const [claim, code] of [
      [2 ** 28 + 1, "too-large"],
      [2 ** 32 - 1, "truncated"],
      [5000, "corrupt"],
    ] as const) {
      const file = bomb(claim);
      const { result, bytes } = measureAllocations(() => refusal(() => gunzip(where, file, 2 ** 20)));
      expect(result.code).toBe(code);
      expect(bytes).toBeLessThan(2 ** 24);
    }
    const lie = gzipSync(text);
    new DataView(lie.buffer).setUint32(lie.length - 4, 2 ** 27, true);
    const { result, bytes } = measureAllocations(() => refusal(() => readGeoJson(lie)));
    expect([result.code, bytes < 2 ** 20]).toEqual(["truncated", true]);
  });
});
