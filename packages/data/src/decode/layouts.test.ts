import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decode as decodeWithTiff } from "tiff";
import { describe, expect, it } from "vitest";
import { decodeImage, decodePng, decodeTiff, rasterizeRegions, readImageScopeXml, readMat } from "./index";

/** Real pixels in the published layouts, beside the repository; not everywhere. */
const root = fileURLToPath(new URL("../../../../../shared/data/layouts/", import.meta.url));
const present = existsSync(root);
const read = (path: string) => new Uint8Array(readFileSync(root + path));
const files = (folder: string, end: string) =>
  present ? readdirSync(root + folder).filter((name) => name.endsWith(end)) : [];
const stem = (name: string) => name.replace(/\.[a-z]+$/, "");
/** `toEqual` takes a second an image. */
const same = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
};

describe.runIf(present)("files in the published layouts", () => {
  const monuseg = [
    {
      split: "train",
      images: "monuseg/MoNuSeg 2018 Training Data/Tissue Images/",
      xml: "monuseg/MoNuSeg 2018 Training Data/Annotations/",
    },
    { split: "test", images: "monuseg/MoNuSegTestData/", xml: "monuseg/MoNuSegTestData/" },
  ].flatMap((set) => files(set.images, ".tif").map((name) => ({ ...set, name: stem(name) })));

  it.each(monuseg)("MoNuSeg $split $name: outlines give the expected map", async ({ split, images, xml, name }) => {
    const image = await decodeImage(read(`${images}${name}.tif`));
    const annotations = readImageScopeXml(read(`${xml}${name}.xml`));
    const expected = decodePng(read(`monuseg/expected/${split}__${name}.png`));
    const { labels, dropped, overlapPixels } = rasterizeRegions(annotations.regions, image.width, image.height);
    expect([expected.width, expected.height]).toEqual([image.width, image.height]);
    expect(same(labels, expected.data)).toBe(true);
    const row = new TextDecoder()
      .decode(read("expected.csv"))
      .split("\n")
      .find((line) => line.includes(name))!;
    expect(overlapPixels).toBe(Number(/overlapped_px=(\d+)/.exec(row)![1]));
    expect(dropped).toBe(0);
    expect(annotations.dropped).toBe(split === "train" ? 1 : 0);
  });

  const tiffs = ["monuseg/MoNuSeg 2018 Training Data/Tissue Images/", "cryonuseg/tissue images/"].flatMap((folder) =>
    files(folder, ".tif").map((name) => folder + name),
  );
  it.each(tiffs)("%s: pixels as the tiff package reads them", (path) => {
    const bytes = read(path);
    const ours = decodeTiff(bytes);
    const oracle = decodeWithTiff(bytes)[0]!;
    expect([ours.width, ours.height, ours.channels, ours.bitDepth]).toEqual([
      oracle.width,
      oracle.height,
      oracle.samplesPerPixel,
      oracle.bitsPerSample,
    ]);
    expect(same(ours.data, oracle.data)).toBe(true);
  });

  it.each(files("cryonuseg/tissue images/", ".tif"))("CryoNuSeg %s: label map as expected", (name) => {
    const labels = decodeTiff(read(`cryonuseg/Annotator 1 (biologist)/label masks modify/${name}`));
    const expected = decodePng(read(`cryonuseg/expected/all__${stem(name)}.png`));
    expect(same(labels.data, expected.data)).toBe(true);
  });

  const mats = ["train", "test"].flatMap((split) =>
    files(`cpm17/${split}/Labels/`, ".mat").map((name) => ({ split, name: stem(name) })),
  );
  it.each(mats)("cpm17 $split $name: inst_map as expected", ({ split, name }) => {
    const map = readMat(read(`cpm17/${split}/Labels/${name}.mat`), { only: ["inst_map"] }).get("inst_map")!;
    const expected = decodePng(read(`cpm17/expected/${split}__${name}.png`));
    expect(map.dims).toEqual([expected.height, expected.width]);
    expect(same(map.data, expected.data)).toBe(true);
  });
});
