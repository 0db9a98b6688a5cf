import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { shapeClass, type Tuned } from "../../packages/tensor/src/kernel/tuning";
import { TUNED } from "../../packages/tensor/src/kernel/tuning-table";
import { tableText, withRow } from "./sweep";

const row = (share: number, adapter = "maker/chip"): Tuned => ({
  kernel: "matmul-tile",
  adapter,
  shape: "large",
  params: { TM: 64, TN: 128, BK: 8, R: 8 },
  measured: { on: "4096x768x768", share },
});

test("a measured row comes before the defaults and replaces the older one of its kind", () => {
  const once = withRow(TUNED, row(0.3));
  expect(once).toEqual([row(0.3), ...TUNED]);
  expect(withRow(once, row(0.4))).toEqual([row(0.4), ...TUNED]);
  expect(withRow(once, row(0.4, "maker/other"))).toHaveLength(TUNED.length + 2);
});

test("the table's file keeps its comments and holds the rows", () => {
  const before = readFileSync("packages/tensor/src/kernel/tuning-table.ts", "utf8");
  const after = tableText(before, withRow(TUNED, row(0.3)));
  const comment = before.slice(0, before.indexOf("export"));
  expect(after.startsWith(comment)).toBe(true);
  const rows = after.slice(after.indexOf("= [") + 2, after.lastIndexOf("]") + 1);
  expect(new Function(`return ${rows}`)()).toEqual([row(0.3), ...TUNED]);
});

test("shape classes: a ViT-B layer at 1024 x 1024 is large, its windowed weight gradient medium, decoder tokens small", () => {
  expect(shapeClass({ m: 4096, n: 3072, k: 768 })).toBe("huge");
  expect(shapeClass({ m: 4096, n: 768, k: 768 })).toBe("large");
  expect(shapeClass({ m: 768, n: 768, k: 4096 })).toBe("medium");
  expect(shapeClass({ m: 7, n: 256, k: 256 })).toBe("small");
});
