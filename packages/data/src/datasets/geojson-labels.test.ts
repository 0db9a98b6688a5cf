import { gzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import {
  featureCollection,
  imagePng,
  imageScopeXml,
  json,
  labelPng,
  polygonGeometry,
  squareRing,
  twoTouching,
} from "../../test-support/trees";
import { DataError } from "../errors";
import { openManifest, parseManifest } from "../prepare/manifest";
import { prepare } from "../prepare/prepare";
import { memorySource } from "../source/file-source";
import { openDataset } from "./open-dataset";

const image = imagePng(4, 3);
const map = labelPng(twoTouching);
const square = (x: number, y: number, side: number) => polygonGeometry(squareRing(x, y, side));
const outlines = json(featureCollection(square(1, 0, 2)));
const open = (files: Record<string, Uint8Array>, options = {}) => openDataset(memorySource(files), options);
const used = async (files: Record<string, Uint8Array>) => {
  const { items, findings } = await open(files, { includeUnlabelled: true });
  return [items.map((item) => item.annotation?.paths[0]), findings.map(({ level, code, path }) => [level, code, path])];
};

describe("GeoJSON in a folder", () => {
  it("pairs by name: .geojson, .json, gzip, and with the image's own ending", async () => {
    const names = [
      "a.geojson",
      "b.json",
      "c.geojson.gz",
      "d.json.gz",
      "e.png.geojson",
      "F.1.GeoJSON",
      "g_labels.geojson",
    ];
    const files: Record<string, Uint8Array> = {};
    for (const name of names) {
      files[`images/${name.split(/[._](?!1)/)[0]}.png`] = image;
      files[`labels/${name}`] = name.endsWith("gz") ? gzipSync(outlines) : outlines;
    }
    const { items, findings, format } = await open(files);
    expect([format, findings]).toEqual(["folder", []]);
    expect(items.map(({ id }) => id)).toEqual(["F.1", "a", "b", "c", "d", "e", "g"]);
    for (const item of items) {
      expect(item.annotation!.kind).toBe("geojson");
      expect([...(await item.load()).labels!]).toEqual([0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
    }
  });

  it("a label map is a label map: labels beat masks, also of GeoJSON", async () => {
    const picture = { "images/a.png": image };
    expect(await used({ ...picture, "labels/a.geojson": outlines, "masks/a.png": map })).toEqual([
      ["labels/a.geojson"],
      [],
    ]);
    expect(await used({ ...picture, "labels/a.png": map, "masks/a.geojson": outlines })).toEqual([
      ["labels/a.png"],
      [],
    ]);
    expect(await used({ ...picture, "labels/a.json": outlines, "masks/a.png": map })).toEqual([["labels/a.json"], []]);
  });

  it("says which of two labels is used; plain .json gives way", async () => {
    const picture = { "images/a.png": image };
    expect(await used({ ...picture, "labels/a.geojson": outlines, "labels/a.png": map })).toEqual([
      ["labels/a.geojson"],
      [["warning", "second-annotation", "labels/a.png"]],
    ]);
    expect(await used({ ...picture, "labels/a.json": json({ shapes: [] }), "labels/a.png": map })).toEqual([
      ["labels/a.png"],
      [["warning", "second-annotation", "labels/a.json"]],
    ]);
  });

  it("names the formats where an annotation is missing, ignores other tools' .json without a picture", async () => {
    const files = { "images/a.png": image, "labels/b.geojson": outlines, "labels/classes.json": json({}) };
    const { findings } = await open(files, { includeUnlabelled: true, format: "folder" });
    expect(findings.map(({ code, path }) => [code, path])).toEqual([
      ["unpaired-image", "images/a.png"],
      ["unpaired-annotation", "labels/b.geojson"],
    ]);
    expect(findings[0]!.message).toContain("a.png (or .tif, .npy, .mat, .xml, .geojson) in labels/ or masks/");
  });

  it("splits.json splits beside images/, and annotates splits.png in labels/", async () => {
    const files = (top: string) => ({
      [`${top}images/a.png`]: image,
      [`${top}labels/a.geojson`]: outlines,
      [`${top}images/splits.png`]: image,
      [`${top}labels/splits.json`]: outlines,
      [`${top}splits.json`]: json({ train: ["a"], test: ["splits"] }),
    });
    for (const top of ["", "labels/"]) {
      const { items } = await open(files(top));
      expect(items.map(({ split, annotation }) => [split, annotation!.paths[0]])).toEqual([
        ["train", `${top}labels/a.geojson`],
        ["test", `${top}labels/splits.json`],
      ]);
    }
  });
});

describe("loading GeoJSON", () => {
  const load = async (bytes: Uint8Array, picture = image) =>
    (await open({ "images/a.png": picture, "labels/a.geojson": bytes })).items[0]!.load();

  it("draws a label map of the image's size, with a hole", async () => {
    const ring = polygonGeometry(squareRing(1, 1, 5), squareRing(2, 2, 3));
    const sample = await load(json(featureCollection(ring, square(3, 3, 1))), imagePng(7, 6));
    expect([sample.image.width, sample.image.height, sample.labels!.length]).toEqual([7, 6, 42]);
    // biome-ignore format: a picture
    expect([...sample.labels!]).toEqual([
      0, 0, 0, 0, 0, 0, 0,
      0, 1, 1, 1, 1, 1, 0,
      0, 1, 0, 0, 0, 1, 0,
      0, 1, 0, 2, 0, 1, 0,
      0, 1, 0, 0, 0, 1, 0,
      0, 1, 1, 1, 1, 1, 0,
    ]);
    expect([sample.nuclei, sample.instanceKind, sample.warnings]).toEqual([2, "instances", []]);
    expect(sample.mask!.reduce((sum, pixel) => sum + pixel, 0)).toBe(17);
  });

  it("says what was dropped, hidden, shared or empty", async () => {
    const point = { type: "Point", coordinates: [1, 1] };
    const sample = await load(json(featureCollection(point, square(0, 0, 2), square(1, 1, 2), square(9, 9, 2))));
    expect(sample.nuclei).toBe(2);
    expect(sample.warnings).toMatchObject([
      {
        code: "dropped-regions",
        message: expect.stringContaining("1 feature(s) that are no area"),
        path: "labels/a.geojson",
      },
      { code: "dropped-regions", message: expect.stringContaining("1 of 3 outline(s) have no pixel") },
      { code: "overlap", message: expect.stringContaining("on 1 pixel(s)") },
    ]);
    const codes = async (...geometries: unknown[]) =>
      (await load(json(featureCollection(...geometries)))).warnings.map(({ code }) => code);
    expect(await codes()).toEqual(["empty-label"]);
    expect(await codes(square(50, 50, 9))).toEqual(["dropped-regions", "empty-label"]);
    // A frame around everything hides the nuclei: nothing is guessed, but it is said.
    expect(await codes(square(0, 0, 4), square(1, 1, 1))).toEqual(["dropped-regions", "overlap"]);
  });

  it("refuses with the file's path", async () => {
    for (const bytes of [json({ shapes: [] }), outlines.subarray(0, 50), map]) {
      const error = await load(bytes).catch((caught: unknown) => caught);
      expect(DataError.isInstance(error) && [error.code, error.path]).toEqual(["undecodable", "labels/a.geojson"]);
    }
  });

  it("gives the pixels of the same outlines as ImageScope XML, and passes prepare and a manifest", async () => {
    const points = [0.3, 0.2, 3.6, 0.7, 2.5, 2.9, 0.5, 2.5];
    const ring = [0, 2, 4, 6, 0].map((i) => [points[i]!, points[i + 1]!]);
    const source = memorySource({
      "images/a.png": image,
      "labels/a.geojson.gz": gzipSync(json(featureCollection(polygonGeometry(ring)))),
      "images/b.png": imagePng(4, 3, 9),
      "labels/b.xml": imageScopeXml([points]),
    });
    const { manifest, report } = await prepare(source, { format: "folder" });
    expect([report.ok, report.nuclei, report.findings]).toEqual([true, 2, []]);
    const again = openManifest(source, parseManifest(JSON.stringify(manifest)));
    const [a, b] = await Promise.all(again.items.map((item) => item.load()));
    expect(a!.labels).toEqual(b!.labels);
    expect(a!.nuclei).toBe(1);
  });
});
