import { describe, expect, it } from "vitest";
import { imagePng, labelPng, twoTouching } from "../../test-support/trees";
import { DataError } from "../errors";
import { memorySource } from "../source/file-source";
import { monusegLater7, monusegTest14, monusegTrain30, tcgaPatient } from "./monuseg-splits";
import { openDataset } from "./open-dataset";
import { parseSplitFile, recordSplit, verifySplit } from "./splits";

describe("MoNuSeg's official lists", () => {
  it("30 + 7 + 14 images of 51 patients, none twice", () => {
    expect([monusegTrain30.length, monusegLater7.length, monusegTest14.length]).toEqual([30, 7, 14]);
    const all = [...monusegTrain30, ...monusegLater7, ...monusegTest14];
    expect(new Set(all.map(tcgaPatient)).size).toBe(51);
    expect(all.map(tcgaPatient)).not.toContain(undefined);
    // Spelled out once more from the published lists, suffixes included.
    expect([...monusegTest14].sort()).toEqual(
      (
        "2Z-A9J9-01A-01-TS1 44-2665-01B-06-BS6 69-7764-01A-01-TS1 A6-6782-01A-01-BS1 AC-A2FO-01A-01-TS1 AO-A0J2-01A-01-BSA " +
        "CU-A0YN-01A-02-BSB EJ-A46H-01A-03-TSC FG-A4MU-01B-01-TS1 GL-6846-01A-01-BS1 HC-7209-01A-01-TS1 HT-8564-01Z-00-DX1 " +
        "IZ-8196-01A-01-BS1 ZF-A9R5-01A-01-TS1"
      )
        .split(" ")
        .map((code) => `TCGA-${code}`),
    );
    const odd = monusegTrain30.filter((id) => !id.endsWith("-01Z-00-DX1")).map((id) => id.slice(5));
    expect(odd.sort().join(" ")).toBe(
      "AY-A8YK-01A-01-TS1 DK-A2I6-01A-01-TS1 G2-A2EK-01A-02-TSB KB-A93J-01A-01-TS1 NH-A8F7-01A-01-TS1 RD-A8N9-01A-01-TS1",
    );
  });
});

describe("split files", () => {
  it("both forms are read", () => {
    const sha256 = "a".repeat(64);
    expect(parseSplitFile('{"train":["a"],"test":["b"]}')).toEqual({
      name: "split file",
      splits: { train: [{ id: "a" }], test: [{ id: "b" }] },
    });
    const full = { name: "n", splits: { train: [{ id: "a", sha256 }] } };
    expect(parseSplitFile(full)).toEqual(full);
  });

  it.each([
    "nonsense",
    "[]",
    "{}",
    '{"train":"a"}',
    '{"train":[1]}',
    '{"train":["a"],"test":["a"]}',
    '{"train":[{"id":"a","sha256":"x"}]}',
  ])("refuses %s", (text) => {
    expect(() => parseSplitFile(text)).toThrow(DataError);
  });

  it("are recorded with SHA-256, and a changed image or split is found", async () => {
    const files = (mark: number) =>
      memorySource({
        "train/images/a.png": imagePng(4, 3, mark),
        "train/labels/a.png": labelPng(twoTouching),
        "test/images/b.png": imagePng(4, 3, 7),
        "test/labels/b.png": labelPng(twoTouching),
      });
    const dataset = await openDataset(files(1));
    const recorded = parseSplitFile(JSON.stringify(await recordSplit(dataset)));
    expect(recorded.splits.train![0]!.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await verifySplit(dataset, recorded)).toEqual([]);
    const changed = await verifySplit(await openDataset(files(2)), recorded);
    expect(changed.map(({ code, path }) => [code, path])).toEqual([["checksum", "train/images/a.png"]]);
    const swapped = {
      name: "x",
      splits: { test: recorded.splits.train!, train: recorded.splits.test!, extra: [{ id: "gone" }] },
    };
    expect((await verifySplit(dataset, swapped)).map((finding) => finding.code)).toEqual([
      "split-differs",
      "split-differs",
      "split-missing",
    ]);
  });
});
