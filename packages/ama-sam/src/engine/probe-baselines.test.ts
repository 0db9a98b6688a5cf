import { readFileSync } from "node:fs";
import { decodeImage, type Sample } from "@ama-sam/data";
import { Random } from "@ama-sam/testing";
import { describe, expect, it } from "vitest";
import { haematoxylin, luminance, otsuThreshold, predictBaseline } from "./baselines";
import { domainProbe } from "./domain-probe";
import { evaluatePredictor, flatMetrics } from "./evaluate";

describe("domainProbe", () => {
  const random = new Random(3);
  const set = (n: number, shift: number) => {
    const isPrimary = Array.from({ length: n }, (_, i) => i % 3 === 0);
    return { isPrimary, features: isPrimary.map((p) => random.normals(16, 1, p ? shift : 0)) };
  };

  it("tells domains apart that differ, and is at chance for those that do not", () => {
    expect(domainProbe(set(60, 2), set(60, 2))).toMatchObject({ balancedAccuracy: 1, primary: 1, auxiliary: 1 });
    const chance = domainProbe(set(300, 0), set(600, 0));
    expect(Math.abs(chance.balancedAccuracy - 0.5)).toBeLessThan(0.08);
  });

  it("is deterministic, counts each domain alone, and refuses one domain", () => {
    const [train, test] = [set(30, 0.5), set(30, 0.5)];
    expect(domainProbe(train, test)).toEqual(domainProbe(train, test));
    const onlyAuxiliary = domainProbe(train, { features: test.features.slice(1, 3), isPrimary: [false, false] });
    expect(onlyAuxiliary.primary).toBeNaN();
    expect(() => domainProbe({ features: train.features, isPrimary: train.isPrimary.map(() => true) }, test)).toThrow(
      /one domain is missing/,
    );
    expect(() => domainProbe(train, { features: [new Float32Array(3)], isPrimary: [true] })).toThrow(/do not fit/);
  });
});

describe("baselines", () => {
  it("Otsu separates two classes; a flat image has one", () => {
    const values = Float32Array.from({ length: 100 }, (_, i) => (i < 30 ? 10 + (i % 5) : 200 + (i % 7)));
    const cut = otsuThreshold(values);
    expect(cut).toBeGreaterThan(14);
    expect(cut).toBeLessThan(200);
    expect(otsuThreshold(new Float32Array(9).fill(4))).toBe(4);
  });

  it("haematoxylin is pure where its colour is", () => {
    const pure = [0.65, 0.7, 0.29].map((d) => 255 * Math.exp(-d));
    const eosin = [0.07, 0.99, 0.11].map((d) => 255 * Math.exp(-d));
    const image = { width: 2, height: 1, data: Float32Array.from([...pure, ...eosin]) };
    const [h, e] = haematoxylin(image);
    expect(h).toBeCloseTo(1, 5);
    expect(e).toBeCloseTo(0, 5);
    expect(luminance({ width: 1, height: 1, data: [255, 255, 255] })[0]).toBeCloseTo(255, 3);
  });

  it("refuses what is no RGB image, and methods that it does not know", () => {
    const canvas = { width: 2, height: 2, data: new Uint8ClampedArray(16) };
    for (const f of [luminance, haematoxylin])
      expect(() => f(canvas)).toThrow(
        "Got 16 values for 2 x 2. Expected 12: 8-bit red, green, blue by pixel, without alpha.",
      );
    expect(() => predictBaseline({ ...canvas, data: new Uint8Array(3) }, "otsu-luminance")).toThrow("not an RGB image");
    expect(() => predictBaseline({ width: 0, height: 0, data: [] }, "otsu-luminance")).toThrow("at least one pixel");
    expect(() => predictBaseline({ ...canvas, data: new Uint8Array(12) }, "nope" as never)).toThrow(
      "unknown method. Got nope.",
    );
  });

  it("finds nuclei in the sample images, dark on bright and bright on dark", async () => {
    const data = new URL("../../../../examples/data/", import.meta.url);
    const manifest = readFileSync(new URL("manifest.csv", data), "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(","));
    const pick = async (domain: string): Promise<Sample> => {
      const id = manifest.find((row) => row[0] === domain)![1]!;
      const read = (folder: string) =>
        decodeImage(new Uint8Array(readFileSync(new URL(`${domain}/${folder}/${id}.png`, data))));
      const labels = Uint32Array.from((await read("labels")).data);
      return {
        id,
        image: await read("images"),
        labels,
        mask: null,
        instanceKind: "instances",
        nuclei: 1,
        warnings: [],
      };
    };
    for (const domain of ["dsb_purple_white", "dsb_fluo"]) {
      const { aggregate } = await evaluatePredictor(
        (s) => predictBaseline(s.image as never, "otsu-luminance"),
        [await pick(domain)],
      );
      expect(aggregate.dsc, domain).toBeGreaterThan(0.7);
      expect(flatMetrics(aggregate).macroF1).toBeGreaterThan(0.7);
    }
  });
});
