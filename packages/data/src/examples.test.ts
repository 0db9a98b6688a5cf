import { readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeSource, repositoryPath } from "../test-support/node-source";
import { prepare } from "./prepare/prepare";
import { subSource } from "./source/file-source";

const root = repositoryPath("examples/data");
const rows = readFileSync(`${root}/manifest.csv`, "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(","));

describe("examples/data", () => {
  it("stays within 6 MB", async () => {
    const paths = await nodeSource(root).list();
    expect(paths.reduce((sum, path) => sum + statSync(`${root}/${path}`).size, 0)).toBeLessThanOrEqual(6_000_000);
  });

  it.each(["dsb_purple_white", "dsb_lilac_low", "dsb_lilac_high", "dsb_pink_he", "dsb_fluo"])(
    "%s: every field is usable and as manifest.csv says",
    async (domain) => {
      const { manifest, report } = await prepare(subSource(nodeSource(root), domain));
      expect(report.findings).toEqual([]);
      expect(manifest.splitName).toBe("examples");
      const actual = manifest.items.map((item) => [
        item.id,
        item.split,
        `${item.width}x${item.height}`,
        item.nuclei,
        item.foreground.toFixed(4),
      ]);
      const expected = rows
        .filter((row) => row[0] === domain)
        .map(([, name, split, width, height, nuclei, share]) => [
          name,
          split,
          `${width}x${height}`,
          Number(nuclei),
          share,
        ])
        .sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
      expect(actual).toEqual(expected);
    },
  );
});
