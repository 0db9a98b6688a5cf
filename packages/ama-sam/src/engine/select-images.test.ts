import type { Dataset, DatasetItem } from "@ama-sam/data";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../schema/resolve";
import { holdOut } from "./hold-out";
import { selectImages } from "./select-images";

const item = (id: string, split?: string, group?: string): DatasetItem => ({
  id,
  imagePath: id,
  annotation: { kind: "label-image", paths: [`labels/${id}`] },
  load: async () => Promise.reject(new Error("not read")),
  ...(split ? { split } : {}),
  ...(group ? { group } : {}),
});
const set = (name: string, items: DatasetItem[]): Dataset => ({
  name,
  items,
  format: "folder",
  findings: [],
  source: { list: async () => [], read: async () => new Uint8Array() },
});
const ids = (items: readonly DatasetItem[]) => items.map((i) => i.id);
const twenty = Array.from({ length: 20 }, (_, i) => item(`t${i}`, "train"));

describe("selectImages", () => {
  it("takes the split's own validation part where there is one", () => {
    const out = selectImages(resolveConfig(), {
      primary: set("p", [item("a", "train"), item("b", "valid"), item("c", "test")]),
      auxiliary: [set("x", [item("d", "train"), item("e", "test")])],
    });
    expect([
      ids(out.primary.items),
      ids(out.validation),
      ids(out.test),
      ids(out.auxiliary[0]!.items),
      ids(out.auxiliaryTest),
    ]).toEqual([["a"], ["b"], ["c"], ["d"], ["e"]]);
  });

  it("else holds out a fraction, never trained on, the same for every training seed", () => {
    const at = (seed: number, fraction = 0.1) =>
      selectImages(resolveConfig({ train: { seed }, data: { validation: { fraction } } }), {
        primary: set("p", twenty),
        auxiliary: [],
      });
    expect(at(1).validation).toHaveLength(2);
    expect(ids(at(1).validation)).toEqual(ids(at(2).validation));
    expect(new Set([...ids(at(1).primary.items), ...ids(at(1).validation)]).size).toBe(20);
    expect(at(1).primary.items).toHaveLength(18);
    expect(at(1, 0).validation).toEqual([]);
    expect(at(1, 0.99).primary.items).toHaveLength(1);
  });

  it("leaves out what nobody annotated, and validates on held-out images where train and valid are one part", () => {
    const bare: DatasetItem = { ...item("bare", "train"), annotation: null };
    const config = resolveConfig({ data: { validation: { split: "train" } } });
    const out = selectImages(config, { primary: set("p", [bare, ...twenty]), auxiliary: [set("x", [bare])] });
    expect(ids(out.primary.items)).not.toContain("bare");
    expect([out.primary.items.length, out.validation.length, out.auxiliary[0]!.items.length]).toEqual([18, 2, 0]);
  });

  it("holds out whole groups, obeys limits, and takes everything where there is no split", () => {
    const grouped = Array.from({ length: 12 }, (_, i) => item(`g${i}`, "train", `slide${i % 3}`));
    const out = selectImages(resolveConfig(), { primary: set("p", grouped), auxiliary: [] });
    expect(new Set(out.validation.map((i) => i.group)).size).toBe(1);
    expect(out.validation).toHaveLength(4);
    const config = resolveConfig({
      data: { primary: { path: "p", limit: 3 }, auxiliary: [{ path: "x", limit: 1 }], validation: { fraction: 0 } },
    });
    const few = selectImages(config, {
      primary: set("p", [item("a"), item("b"), item("c"), item("d")]),
      auxiliary: [set("x", [item("e"), item("f")])],
    });
    expect([ids(few.primary.items), ids(few.auxiliary[0]!.items), ids(few.test)]).toEqual([["a", "b", "c"], ["e"], []]);
  });

  it("draws single images where all are of one patient, never the last one", () => {
    const one = Array.from({ length: 10 }, (_, i) => item(`g${i}`, undefined, "patient"));
    expect([holdOut(one, 0.2).training.length, holdOut(one, 0.2).validation.length]).toEqual([8, 2]);
    expect(ids(holdOut(one.slice(0, 1), 0.9).training)).toEqual(["g0"]);
    const mixed = [...one.slice(0, 3), item("alone")];
    for (const part of Object.values(holdOut(mixed, 0.5))) expect([1, 3]).toContain(part.length);
  });

  it("says what is there when nothing can train", () => {
    expect(() => selectImages(resolveConfig(), { primary: set("p", [item("a", "test")]), auxiliary: [] })).toThrow(
      /no primary image to train on\. Got 1 images of p, parts test/,
    );
  });
});
