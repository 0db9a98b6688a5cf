import { describe, expect, it } from "vitest";
import { imagePng, imageScopeXml, labelPng, twoTouching } from "../../test-support/trees";
import { DataError } from "../errors";
import { memorySource } from "../source/file-source";
import { sha256Hex } from "../source/sha256";
import { formatFindings, openManifest, parseManifest } from "./manifest";
import { prepare } from "./prepare";

const map = labelPng(twoTouching);
const good = {
  "images/a.png": imagePng(4, 3, 1),
  "labels/a.png": map,
  "images/b.png": imagePng(4, 3, 2),
  "labels/b.xml": imageScopeXml(
    [
      [0, 0, 2, 0, 2, 2, 0, 2],
      [1, 0, 3, 0, 3, 2, 1, 2],
      [1, 1, 2, 2],
    ],
    ' MicronsPerPixel="0.25"',
  ),
};
const bad = {
  "images/unpaired.png": imagePng(4, 3, 3),
  "labels/nobody.png": map,
  "images/size.png": imagePng(5, 3, 4),
  "labels/size.png": map,
  "images/empty.png": imagePng(4, 3, 5),
  "labels/empty.png": labelPng([0, 1, 2].map(() => [0, 0, 0, 0])),
  "images/colour.png": imagePng(4, 3, 6),
  "labels/colour.png": imagePng(4, 3, 99),
  "images/broken.png": imagePng(4, 3, 7).subarray(0, 50),
  "labels/broken.png": map,
  "images/copy.png": imagePng(4, 3, 1),
  "labels/copy.png": map,
};

describe("prepare", () => {
  it("a good folder: a manifest with hashes, sizes, counts and pixel size", async () => {
    const seen: string[] = [];
    const { manifest, report } = await prepare(memorySource(good), {
      format: "folder",
      onProgress: (done, total, id) => seen.push(`${done}/${total} ${id}`),
    });
    expect(seen).toEqual(["1/2 a", "2/2 b"]);
    expect(report).toMatchObject({
      usable: 2,
      refused: [],
      nuclei: 4,
      splits: { none: 2 },
      sizes: { "4 x 3": 2 },
      micronsPerPixel: { unknown: 1, "0.25": 1 },
      ok: true,
    });
    expect(report.findings.map(({ code, path }) => [code, path])).toEqual([
      ["dropped-regions", "labels/b.xml"],
      ["overlap", "labels/b.xml"],
    ]);
    expect(manifest.items[0]).toMatchObject({
      id: "a",
      width: 4,
      height: 3,
      nuclei: 2,
      foreground: 4 / 12,
      instanceKind: "instances",
    });
    expect(manifest.items[0]!.sha256).toBe(await sha256Hex(good["images/a.png"]));
    expect(manifest.items[1]!.annotationSha256).toEqual([await sha256Hex(good["labels/b.xml"])]);
  });

  it("explains every problem, and keeps what is usable", async () => {
    const { manifest, report } = await prepare(memorySource({ ...good, ...bad }), { format: "folder" });
    expect(manifest.items.map((item) => item.id)).toEqual(["a", "b", "copy", "empty"]);
    expect(report.refused).toEqual(["broken", "colour", "size"]);
    expect(report.ok).toBe(false);
    const at = Object.fromEntries(report.findings.map(({ code, path, level }) => [`${code} ${path}`, level]));
    expect(at).toMatchObject({
      "unpaired-image images/unpaired.png": "error",
      "unpaired-annotation labels/nobody.png": "error",
      "size-mismatch labels/size.png": "error",
      "empty-label labels/empty.png": "warning",
      "odd-channels labels/colour.png": "error",
      "undecodable images/broken.png": "error",
      "duplicate-image images/copy.png": "warning",
      "overlap labels/b.xml": "warning",
    });
    const lines = formatFindings(report.findings);
    expect(lines[0]).toMatch(/^error /);
    expect(lines.at(-1)).toMatch(/^warning /);
    expect(lines.join("\n")).toContain("5 x 3");
  });

  it("the same image in train and test is an error, a patient in both a warning", async () => {
    const { report } = await prepare(
      memorySource({
        "train/images/p1/a.png": imagePng(4, 3),
        "train/labels/p1/a.png": map,
        "test/images/p1/b.png": imagePng(4, 3),
        "test/labels/p1/b.png": map,
      }),
    );
    expect(report.findings.map(({ level, code }) => [level, code])).toEqual([
      ["error", "duplicate-image"],
      ["warning", "shared-group"],
    ]);
  });

  it("stops when it is told to", async () => {
    await expect(
      prepare(memorySource(good), { format: "folder", signal: AbortSignal.abort(new Error("enough")) }),
    ).rejects.toThrow("enough");
  });
});

describe("manifests", () => {
  it("open as the data set they were made from, through JSON", async () => {
    const source = memorySource(good);
    const { manifest, dataset } = await prepare(source, { format: "folder" });
    const again = openManifest(source, parseManifest(JSON.stringify(manifest)));
    expect(again.items.map((item) => item.id)).toEqual(["a", "b"]);
    for (const [i, item] of again.items.entries()) expect(await item.load()).toEqual(await dataset.items[i]!.load());
  });

  it("refuse files that changed since, unless told not to look", async () => {
    const { manifest } = await prepare(memorySource(good), { format: "folder" });
    const changed = memorySource({ ...good, "images/a.png": imagePng(4, 3, 200) });
    const error = await openManifest(changed, manifest)
      .items[0]!.load()
      .catch((caught: unknown) => caught);
    expect(DataError.isInstance(error) && [error.code, error.path]).toEqual(["checksum", "images/a.png"]);
    expect((await openManifest(changed, manifest, { verify: false }).items[0]!.load()).nuclei).toBe(2);
  });

  it("say what is wrong with them", async () => {
    const { manifest } = await prepare(memorySource(good), { format: "folder" });
    const [item] = manifest.items;
    for (const [broken, where] of [
      ["{", "the file"],
      [{ ...manifest, version: 2 }, "version"],
      [{ ...manifest, items: 3 }, "items"],
      [{ ...manifest, items: [item, item] }, "items[1].id"],
      [{ ...manifest, items: [{ ...item, sha256: "0" }] }, "items[0].sha256"],
      [{ ...manifest, items: [{ ...item, annotation: { kind: "exe", paths: ["x"] } }] }, "items[0].annotation"],
      [{ ...manifest, items: [{ ...item, annotationSha256: [] }] }, "items[0].annotationSha256"],
      [{ ...manifest, items: [{ ...item, split: 4 }] }, "items[0].split"],
    ] as const) {
      expect(() => parseManifest(broken)).toThrow(`[parseManifest] ${where} is wrong`);
    }
  });
});
