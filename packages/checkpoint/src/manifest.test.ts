import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { assertManifest, compareManifest } from "./index";
import { editDistance, nearestNames } from "./nearest-names";

const vitB = new Map(
  Object.entries(
    JSON.parse(readFileSync(new URL("../../../test/golden/checkpoints/sam_manifests.json", import.meta.url), "utf8"))
      .vit_b.tensors as Record<string, number[]>,
  ),
);

describe("compareManifest", () => {
  it("is silent about equal manifests", () => {
    expect(assertManifest(vitB, vitB)).toMatchObject({ ok: true, missing: [], surplus: [], misshapen: [] });
  });

  it("lists everything together, with the nearest names of the same shape", () => {
    const got = new Map(vitB);
    got.delete("image_encoder.neck.2.weight");
    got.set("image_encoder.neck.2.weigth", [256, 256, 3, 3]);
    got.set("image_encoder.pos_embed", [1, 32, 32, 768]);
    got.delete("mask_decoder.iou_token.weight");
    got.set("optimizer.step", []);
    const report = compareManifest(vitB, got);
    expect(report.missing).toEqual(["image_encoder.neck.2.weight", "mask_decoder.iou_token.weight"]);
    expect(report.surplus).toEqual(["image_encoder.neck.2.weigth", "optimizer.step"]);
    expect(report.misshapen).toEqual([
      { name: "image_encoder.pos_embed", expected: [1, 64, 64, 768], got: [1, 32, 32, 768] },
    ]);
    expect([...report.suggestions]).toEqual([["image_encoder.neck.2.weight", "image_encoder.neck.2.weigth"]]);
    const text =
      /missing \(2\).*did you mean "image_encoder.neck.2.weigth".*surplus \(2\).*misshapen \(1\).*got \[1,32,32,768\]/s;
    expect(() => assertManifest(vitB, got)).toThrow(text);
    expect(() => assertManifest(vitB, got)).toThrow(expect.objectContaining({ code: "mismatch" }));
    const lenient = compareManifest(vitB, vitB, { allowMissing: () => true });
    expect(lenient.ok).toBe(true);
    expect(
      compareManifest(new Map(), vitB, { allowSurplus: (name) => !name.startsWith("mask") }).surplus.every((n) =>
        n.startsWith("mask"),
      ),
    ).toBe(true);
  });

  it("sees a common prefix at once", () => {
    const got = new Map([...vitB].map(([name, shape]) => [`module.${name}`, { shape }]));
    const report = compareManifest(vitB, got);
    expect(report.surplusPrefix).toBe("module.");
    expect(() => assertManifest(vitB, got)).toThrow(/prefix "module\."/);
  });

  it("is quick where everything differs", () => {
    const got = new Map([...vitB].map(([name, shape]) => [name.replaceAll("image_encoder", "backbone"), shape]));
    const start = performance.now();
    const report = compareManifest(vitB, got);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(report.suggestions.get("image_encoder.pos_embed")).toBe("backbone.pos_embed");
  });
});

describe("edit distance", () => {
  it.each([
    ["kitten", "sitting", 3],
    ["", "abc", 3],
    ["abc", "abc", 0],
    ["flaw", "lawn", 2],
  ])("%s and %s", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a, distance)).toBe(distance);
    expect(editDistance(a, b, distance - 1)).toBe(Number.POSITIVE_INFINITY);
  });

  it("the nearest first, and none that are far", () => {
    expect(nearestNames("block.1.weight", ["zzz", "block.11.weight", "block.1.weigth", "block.1.bias"], 2)).toEqual([
      "block.11.weight",
      "block.1.weigth",
    ]);
    expect(nearestNames("a.b.c", ["something.else.entirely"], 3)).toEqual([]);
  });
});
