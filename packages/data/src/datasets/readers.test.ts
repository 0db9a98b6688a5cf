import { describe, expect, it } from "vitest";
import { imagePng, imageScopeXml, json, labelPng, twoTouching } from "../../test-support/trees";
import { encodePng } from "../decode";
import { buildMat } from "../decode/fixtures/mat-builder";
import { buildNpy } from "../decode/fixtures/npy-builder";
import { buildTiff } from "../decode/fixtures/tiff-builder";
import { DataError } from "../errors";
import { memorySource } from "../source/file-source";
import { openDataset } from "./open-dataset";

const image = imagePng(4, 3);
const map = labelPng(twoTouching);
const binary = labelPng(
  twoTouching.map((row) => row.map((value) => (value ? 255 : 0))),
  8,
);
const junk = {
  "__MACOSX/images/._a.png": new Uint8Array([1]),
  ".DS_Store": new Uint8Array([2]),
  "images/._a.png": new Uint8Array([3]),
  "images/Thumbs.db": new Uint8Array([4]),
};
const open = (files: Record<string, Uint8Array>, options = {}) => openDataset(memorySource(files), options);
const codes = (findings: { code: string }[]) => findings.map((finding) => finding.code);
const tiff = buildTiff({ width: 4, height: 3, channels: 3, bits: 8, data: new Array(36).fill(9) });
const square = imageScopeXml([[1, 0, 3, 0, 3, 2, 1, 2]]);

describe("folder", () => {
  it("labels are ids as they are, masks are components; junk does not matter", async () => {
    const dataset = await open({
      ...junk,
      "images/a.png": image,
      "labels/a.png": map,
      "images/b.PNG": image,
      "masks/b_mask.png": binary,
    });
    expect(dataset.format).toBe("folder");
    expect(dataset.findings).toEqual([]);
    expect(dataset.items.map((item) => item.id)).toEqual(["a", "b"]);
    const [a, b] = await Promise.all(dataset.items.map((item) => item.load()));
    expect([...a!.labels!]).toEqual(twoTouching.flat());
    expect([a!.nuclei, a!.instanceKind]).toEqual([2, "instances"]);
    expect([b!.nuclei, b!.instanceKind]).toEqual([1, "components"]);
    expect([...b!.mask!]).toEqual([...a!.mask!]);
  });

  it("masks with several values hold ids; 1-bit style masks with one value are components", async () => {
    const dataset = await open({ "images/a.png": image, "masks/a.png": map });
    expect((await dataset.items[0]!.load()).instanceKind).toBe("instances");
  });

  it("reads npy, mat and XML annotations", async () => {
    const columns = [0, 0, 0, 1, 1, 0, 7, 7, 0, 0, 0, 0];
    const dataset = await open(
      {
        "images/a.png": image,
        "labels/a.npy": buildNpy({ descr: "<i4", shape: [3, 4], data: twoTouching.flat() }),
        "images/b.png": image,
        "labels/b.mat": buildMat([
          { name: "inst_map", dims: [3, 4], className: "double", stored: "f64", data: columns },
        ]),
        "images/c.png": image,
        "annotations/c.xml": square,
      },
      { format: "folder" },
    );
    const [a, b, c] = await Promise.all(dataset.items.map((item) => item.load()));
    expect([...a!.labels!]).toEqual(twoTouching.flat());
    expect([...b!.labels!]).toEqual(twoTouching.flat());
    expect([...c!.labels!]).toEqual([0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
  });

  it("train, valid and test folders split; nested folders pair and group", async () => {
    const dataset = await open({
      "train/images/p1/a.png": image,
      "train/labels/p1/a.png": map,
      "val/images/a.png": image,
      "val/labels/a.png": map,
    });
    expect(dataset.splitName).toBe("folders");
    expect(dataset.items.map(({ id, split, group }) => [id, split, group])).toEqual([
      ["train/p1/a", "train", "p1"],
      ["val/a", "valid", undefined],
    ]);
  });

  it("splits.json beside images/ splits, and a split file replaces it", async () => {
    const files = {
      "x/images/a.png": image,
      "x/labels/a.png": map,
      "x/images/b.png": image,
      "x/labels/b.png": map,
      "x/splits.json": json({ name: "mine", splits: { train: ["a"], test: ["b"] } }),
    };
    const own = await open(files);
    expect([own.splitName, ...own.items.map((item) => item.split)]).toEqual(["mine", "train", "test"]);
    const other = await open(files, { split: { name: "other", splits: { test: [{ id: "x/a" }] } } });
    expect([other.splitName, ...other.items.map((item) => item.split)]).toEqual(["other", "test", undefined]);
  });

  it("a split file says val as well as valid, and one whose ids are not here is refused, in the folder too", async () => {
    const files = (splits: object) => ({
      "images/a.png": image,
      "labels/a.png": map,
      "images/b.png": image,
      "labels/b.png": map,
      "splits.json": json(splits),
    });
    const dataset = await open(files({ Train: ["a"], val: ["b"] }));
    expect(dataset.items.map((item) => item.split)).toEqual(["train", "valid"]);
    await expect(open(files({ train: ["a.png"], test: ["b.png"] }))).rejects.toThrow(
      'Got ids such as "a". Expected "a.png".',
    );
  });

  it("tells what has no partner, and leaves it out unless asked", async () => {
    const files = { "images/a.png": image, "labels/a.png": map, "images/b.png": image, "labels/c.png": map };
    const dataset = await open(files);
    expect(dataset.items.map((item) => item.id)).toEqual(["a"]);
    expect(dataset.findings.map(({ code, path }) => [code, path])).toEqual([
      ["unpaired-image", "images/b.png"],
      ["unpaired-annotation", "labels/c.png"],
    ]);
    const all = await open(files, { includeUnlabelled: true });
    expect((await all.items[1]!.load()).labels).toBeNull();
  });
});

describe("loadSample", () => {
  const load = async (picture: Uint8Array, label: Uint8Array, options = {}) =>
    (await open({ "images/a.png": picture, "labels/a.png": label }, options)).items[0]!.load();
  const grey = (channels: 1 | 2 | 4, bitDepth: 8 | 16 = 8) =>
    encodePng({
      width: 4,
      height: 3,
      channels,
      bitDepth,
      data: new (bitDepth === 8 ? Uint8Array : Uint16Array)(12 * channels).fill(bitDepth === 8 ? 100 : 25_700),
    });

  it.each([
    ["grey", grey(1), ["odd-channels"]],
    ["grey with alpha", grey(2), ["odd-channels", "alpha"]],
    ["RGBA, not opaque", grey(4), ["alpha"]],
    ["16-bit grey", grey(1, 16), ["odd-channels", "bit-depth"]],
  ])("makes RGB of %s and says so", async (_name, picture, expected) => {
    const sample = await load(picture, map);
    expect([sample.image.channels, sample.image.bitDepth]).toEqual([3, 8]);
    expect([...sample.image.data]).toEqual(new Array(36).fill(100));
    expect(codes(sample.warnings)).toEqual(expected);
  });

  it.each([
    ["size-mismatch", image, labelPng([[0, 1]])],
    ["odd-channels", image, imagePng(4, 3, 50)],
    ["undecodable", image, map.subarray(0, 40)],
    ["undecodable", new TextEncoder().encode("<html>not found</html>"), map],
  ])("refuses with %s", async (code, picture, label) => {
    const error = await load(picture, label).catch((caught: unknown) => caught);
    expect(DataError.isInstance(error) && error.code).toBe(code);
    expect((error as DataError).path).toMatch(/a\.png$/);
  });

  it("says when image and annotation are each other's transpose", async () => {
    await expect(
      load(
        image,
        labelPng([
          [1, 0, 0],
          [0, 0, 0],
          [0, 0, 0],
          [0, 0, 0],
        ]),
      ),
    ).rejects.toThrow(/4 x 3.*3 x 4.*transpose/s);
  });

  it("refuses too many pixels, warns of an empty label", async () => {
    await expect(load(image, map, { maxPixels: 11 })).rejects.toThrow(/11/);
    expect(
      codes(
        (
          await load(
            image,
            labelPng([
              [0, 0, 0, 0],
              [0, 0, 0, 0],
              [0, 0, 0, 0],
            ]),
          )
        ).warnings,
      ),
    ).toEqual(["empty-label"]);
  });

  it("refuses fractions and negative ids", async () => {
    for (const bad of [0.5, -1]) {
      const files = {
        "images/a.png": image,
        "labels/a.npy": buildNpy({ descr: "<f8", shape: [3, 4], data: [bad, ...new Array(11).fill(0)] }),
      };
      await expect((await open(files)).items[0]!.load()).rejects.toThrow(/not a label/);
    }
  });
});

describe("monuseg", () => {
  const train = "TCGA-18-5592-01Z-00-DX1";
  const later = "TCGA-BC-A217-01Z-00-DX1";
  const test = "TCGA-2Z-A9J9-01A-01-TS1";
  const files = {
    ...junk,
    [`MoNuSeg 2018 Training Data/Tissue_Images/${train}.tiff`]: tiff,
    [`MoNuSeg 2018 Training Data/Binary masks/${train}.png`]: binary,
    [`MoNuSeg 2018 Training Data/Annotations/${train}.xml`]: square,
    [`MoNuSeg 2018 Training Data/Tissue_Images/${later}.tif`]: tiff,
    [`MoNuSeg 2018 Training Data/Annotations/${later}.xml`]: square,
    [`MoNuSegTestData/${test}.tif`]: tiff,
    [`MoNuSegTestData/${test}.xml`]: square,
  };
  const splitsOf = async (options = {}) => {
    const dataset = await open(files, options);
    return [
      dataset.format,
      dataset.splitName,
      ...[train, later, test].map((id) => dataset.items.find((item) => item.id === id)!.split),
    ];
  };

  it("outlines in labels/ are a plain folder, whatever else annotates there; the same names as published are not", async () => {
    const own = { "images/a.png": image, "labels/a.xml": square, "images/b.png": image, "labels/b.png": map };
    const dataset = await open(own);
    expect([dataset.format, ...dataset.items.map((item) => item.id)]).toEqual(["folder", "a", "b"]);
    expect((await open(own, { format: "monuseg" })).items.map((item) => item.id)).toEqual(["a"]);
    const loose = await open({ "a.png": image, "labels/a.xml": square }); // no images/: nothing for a plain folder
    expect([loose.format, loose.items.length]).toEqual(["monuseg", 1]);
    const published = { [`images/${train}.tif`]: tiff, [`labels/${train}.xml`]: square };
    expect((await open(published)).format).toBe("monuseg");
  });

  it("renamed folders and neighbours of the same name do not matter; the default is 30 + 14", async () => {
    expect(await splitsOf()).toEqual(["monuseg", "monuseg-30", "train", undefined, "test"]);
    expect(await splitsOf({ split: "monuseg-37" })).toEqual(["monuseg", "monuseg-37", "train", "train", "test"]);
    expect(await splitsOf({ split: "folders" })).toEqual(["monuseg", "folders", "train", "train", "test"]);
    const dataset = await open(files);
    expect(dataset.items[0]!.imagePath).toMatch(/\.tiff$/);
    expect(dataset.items[0]!.group).toBe("TCGA-18-5592");
    expect(dataset.findings.map((finding) => finding.message)[0]).toMatch(
      /^42 image\(s\) of split "monuseg-30" are not here/,
    );
    expect((await dataset.items[0]!.load()).nuclei).toBe(1);
  });

  it("unknown split names are refused with the known ones", async () => {
    await expect(splitsOf({ split: "monuseg-44" })).rejects.toThrow(/Expected folders, monuseg-30, monuseg-37/);
    await expect(splitsOf({ split: { name: "x", splits: { train: ["nobody"] } } })).rejects.toThrow(
      /no image of split "x"/,
    );
  });
});

describe("the other layouts", () => {
  it("tnbc: pairs by slide, merges touching nuclei, splits by patient", async () => {
    const files = {
      "TNBC/Slide_01/01_1.png": image,
      "TNBC/GT_01/01_1.png": binary,
      "TNBC/Slide_07/07_1.png": image,
      "TNBC/GT_07/07_1.png": binary,
      "TNBC/Slide_12/12_1.png": image,
      "TNBC/GT_12/12_1.png": binary,
      "TNBC/GT_02/02_1.png": binary,
    };
    const dataset = await open(files);
    expect([dataset.format, dataset.splitName]).toEqual(["tnbc", "tnbc-patients"]);
    expect(dataset.items.map((item) => [item.id, item.split, item.group])).toEqual([
      ["01_1", "train", "Slide_01"],
      ["07_1", "test", "Slide_07"],
      ["12_1", undefined, "Slide_12"],
    ]);
    expect(codes(dataset.findings)).toEqual(["unpaired-annotation"]);
    expect((await dataset.items[0]!.load()).nuclei).toBe(1);
    const without = await open(files, { split: "tnbc-without-01" });
    expect(without.items.map((item) => item.split)).toEqual(["test", "train", undefined]);
  });

  it("cryonuseg: only the modified maps, also at top level; every third image of an organ tests", async () => {
    const ids = buildTiff({ width: 4, height: 3, channels: 1, bits: 16, data: twoTouching.flat() });
    const dataset = await open({
      "tissue images/Human_Skin_01.tif": tiff,
      "tissue images/Human_Skin_03.tif": tiff,
      "label masks/Human_Skin_01.tif": ids,
      "label masks modify/Human_Skin_01.tif": ids,
      "label masks modify/Human_Skin_03.tif": ids,
      "mask binary/Human_Skin_01.png": binary,
    });
    expect(dataset.format).toBe("cryonuseg");
    expect(dataset.items.map((item) => [item.split, item.group])).toEqual([
      ["train", "Skin"],
      ["test", "Skin"],
    ]);
    expect((await dataset.items[0]!.load()).nuclei).toBe(2);
  });

  it("cpm17: equal names in both splits, .mat before .npy", async () => {
    const mat = buildMat([
      { name: "inst_map", dims: [3, 4], className: "int32", stored: "i32", data: new Array(12).fill(1) },
    ]);
    const npy = buildNpy({ descr: "<u2", shape: [3, 4], data: twoTouching.flat() });
    const dataset = await open({
      "cpm17/train/Images/image_00.png": image,
      "cpm17/train/Labels/image_00.mat": mat,
      "cpm17/train/Labels/image_00.npy": npy,
      "cpm17/test/Images/image_00.png": image,
      "cpm17/test/Labels/image_00.npy": npy,
    });
    expect([dataset.format, dataset.splitName]).toEqual(["cpm17", "cpm17-repack"]);
    expect(dataset.items.map((item) => [item.id, item.annotation!.kind])).toEqual([
      ["test/image_00", "label-image"],
      ["train/image_00", "mat"],
    ]);
    expect((await dataset.items[1]!.load()).nuclei).toBe(1);
  });

  it("dsb2018: one file a nucleus, overlaps counted, empty files told", async () => {
    const one = (at: number) =>
      labelPng(
        [0, 1, 2].map((y) => [0, 1, 2, 3].map((x) => (y * 4 + x === at ? 255 : 0))),
        8,
      );
    const dataset = await open({
      "stage1_train/ab/images/ab.png": image,
      "stage1_train/ab/masks/1.png": one(2),
      "stage1_train/ab/masks/2.png": one(2),
      "stage1_train/ab/masks/3.png": one(7),
    });
    expect([dataset.format, dataset.items[0]!.split]).toEqual(["dsb2018", "train"]);
    const sample = await dataset.items[0]!.load();
    expect([...sample.labels!]).toEqual([0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
    expect(codes(sample.warnings)).toEqual(["empty-mask", "overlap"]);
  });

  it("unsam: names with dots, lists that name an image twice, files that are missing", async () => {
    const files = {
      "datasets/MoNuSeg/data_split.json": json({ train: ["a.1.png", "gone.png"], valid: [], test: ["a.1.png"] }),
      "datasets/image_1024/a.1.png": image,
      "datasets/mask_1024/a.1.png": binary,
    };
    const dataset = await open(files);
    expect(dataset.format).toBe("unsam");
    expect(dataset.items.map((item) => [item.id, item.split])).toEqual([
      ["MoNuSeg/test/a.1", "test"],
      ["MoNuSeg/train/a.1", "train"],
    ]);
    expect(codes(dataset.findings)).toEqual(["missing-image", "split-leak"]);
    await expect(open(files, { set: "TNBC" })).rejects.toThrow(/Expected one of MoNuSeg/);
    await expect(open({ ...files, "datasets/MoNuSeg/data_split.json": json({ train: [3] }) })).rejects.toThrow(
      DataError,
    );
  });
});

describe("openDataset", () => {
  it("names what it saw when nothing fits, and both when two do", async () => {
    await expect(open({ "notes.txt": image })).rejects.toThrow(/no known layout. Got 1 file\(s\): "notes.txt"/);
    await expect(open({})).rejects.toThrow(/0 file/);
    await expect(
      open({ "Slide_01/1.png": image, "GT_01/1.png": map, "a/images/a.png": image, "a/masks/1.png": map }),
    ).rejects.toThrow(/tnbc \(1 images\), dsb2018 \(1 images\)/);
    await expect(open({ "images/a.png": image, "labels/a.png": map }, { format: "tnbc" })).rejects.toThrow(
      /layout of "tnbc"/,
    );
  });
});
