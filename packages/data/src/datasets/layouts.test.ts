import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { layoutsPresent, layoutsRoot, nodeSource } from "../../test-support/node-source";
import { decodePng } from "../decode";
import { prepare } from "../prepare/prepare";
import { subSource } from "../source/file-source";
import type { DatasetFormat, OpenOptions } from "./dataset";
import { openDataset } from "./open-dataset";

interface Row {
  layout: DatasetFormat;
  split: string;
  name: string;
  width: number;
  height: number;
  instances: number;
}

const rows: Row[] = !layoutsPresent
  ? []
  : readFileSync(`${layoutsRoot}/expected.csv`, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => {
        const [layout, split, name, width, height, instances] = line.split(",");
        return {
          layout: layout as DatasetFormat,
          split: split!,
          name: name!,
          width: Number(width),
          height: Number(height),
          instances: Number(instances),
        };
      });

const idOf = ({ layout, split, name }: Row): string => (layout === "cpm17" ? `${split}/${name}` : name);

async function withoutExpected(layout: string) {
  const source = subSource(nodeSource(layoutsRoot), layout);
  return { ...source, list: async () => (await source.list()).filter((path) => !path.startsWith("expected/")) };
}

describe.runIf(layoutsPresent)("real pixels in the published layouts", () => {
  const layouts = ["monuseg", "tnbc", "cryonuseg", "cpm17"] as const;

  it.each(layouts)("%s: every label map equals the expected one, to the pixel", async (layout) => {
    const dataset = await openDataset(await withoutExpected(layout));
    expect(dataset.format).toBe(layout);
    expect(dataset.findings).toEqual([]);
    const expected = rows.filter((row) => row.layout === layout);
    expect(dataset.items.map((item) => item.id).sort()).toEqual(expected.map(idOf).sort());
    for (const row of expected) {
      const sample = await dataset.items.find((item) => item.id === idOf(row))!.load();
      const map = decodePng(
        new Uint8Array(readFileSync(`${layoutsRoot}/${layout}/expected/${row.split}__${row.name}.png`)),
      );
      expect([sample.image.width, sample.image.height, sample.image.channels, sample.image.bitDepth]).toEqual([
        row.width,
        row.height,
        3,
        8,
      ]);
      expect(sample.nuclei).toBe(row.instances);
      let differing = 0;
      for (let i = 0; i < map.data.length; i++) if (map.data[i] !== sample.labels![i]) differing++;
      expect(differing).toBe(0);
      expect(sample.instanceKind).toBe(layout === "tnbc" ? "components" : "instances");
    }
  });

  it("monuseg: the folders split, pixel size is read where a file says it, dropped regions and overlaps are told", async () => {
    const dataset = await openDataset(await withoutExpected("monuseg"));
    expect(dataset.splitName).toBe("folders");
    expect(dataset.items.map((item) => item.split)).toEqual(["train", "test", "test", "train", "train"]);
    const samples = await Promise.all(dataset.items.map((item) => item.load()));
    expect(samples.filter((sample) => sample.micronsPerPixel === undefined)).toHaveLength(1);
    for (const [i, sample] of samples.entries()) {
      const codes = sample.warnings.map((finding) => finding.code);
      expect(codes).toContain("overlap");
      expect(codes.includes("dropped-regions")).toBe(dataset.items[i]!.split === "train");
    }
  });

  it.each(["1", "1-second", "2"] as const)("cryonuseg: annotator %s has all four maps", async (annotator) => {
    const dataset = await openDataset(await withoutExpected("cryonuseg"), { annotator } satisfies OpenOptions);
    expect(dataset.items).toHaveLength(4);
    expect(new Set(dataset.items.map((item) => item.annotation!.paths[0])).size).toBe(4);
    const folderName = { "1": "Annotator 1 (biologist)/label", "1-second": "second round", "2": "Annotator 2" }[
      annotator
    ];
    for (const item of dataset.items) expect(item.annotation!.paths[0]).toContain(folderName);
    expect((await dataset.items[0]!.load()).nuclei).toBe(52);
  });

  it("unsam: lists, shared images and semantic masks", async () => {
    const source = await withoutExpected("unsam");
    const all = await openDataset(source);
    expect(all.format).toBe("unsam");
    expect(all.items).toHaveLength(9);
    const one = await openDataset(source, { set: "TNBC" });
    expect(one.items.map((item) => item.id)).toEqual(
      ["TNBC/test/0000000", "TNBC/train/0000000", "TNBC/valid/0000000"].map((id) => id.replace("/0", "/TNBC_0")),
    );
    expect(one.findings.map((finding) => finding.code)).toEqual(["split-leak", "split-leak"]);
    const sample = await one.items[0]!.load();
    expect([sample.image.width, sample.image.height, sample.instanceKind]).toEqual([1024, 1024, "components"]);
    expect(sample.nuclei).toBeGreaterThan(10);
  });

  it("dsb2018: one nucleus a file, RGBA images", async () => {
    const dataset = await openDataset(await withoutExpected("dsb2018"));
    expect(dataset.items.map((item) => item.split)).toEqual(["train", "train"]);
    for (const item of dataset.items) {
      const sample = await item.load();
      expect(sample.nuclei).toBe(item.annotation!.paths.length);
      expect(sample.image.channels).toBe(3);
    }
  });

  it("prepare finds a whole layout usable", async () => {
    const { report, manifest } = await prepare(await withoutExpected("tnbc"));
    expect(report.ok).toBe(true);
    expect(report.usable).toBe(5);
    expect(report.nuclei).toBe(63 + 55 + 139 + 206 + 90);
    expect(report.splits).toEqual({ train: 5 });
    expect(manifest.splitName).toBe("tnbc-patients");
  });

  it("the folder of all layouts is refused with their names", async () => {
    await expect(openDataset(nodeSource(layoutsRoot))).rejects.toThrow(
      /several layouts in one tree. Got monuseg \(5 images\), tnbc/,
    );
  });
});
