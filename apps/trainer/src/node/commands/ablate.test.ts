import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluate } from "@ama-sam/metrics";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../cli";
import { perImageCsv } from "../files/per-image-csv";
import { testIo } from "../test-io";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-ablate-"));
  await writeFile(
    join(root, "c.yaml"),
    "model:\n  preset: nano\ndata:\n  primary:\n    path: a\n  auxiliary:\n    - path: b\n",
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function done(name: string, masks: readonly (readonly number[])[]): Promise<void> {
  const folder = join(root, "study", name);
  await mkdir(folder, { recursive: true });
  const map = (data: readonly number[]) => ({ width: 4, height: 1, data: Uint8Array.from(data) });
  const truth = map([1, 0, 0, 0]);
  const rows = masks.map((mask, i) => ({ ...evaluate(map(mask), truth), image: String(i) }));
  await writeFile(join(folder, "per-image.csv"), perImageCsv(rows));
  for (const file of ["MODEL_CARD.md", "report.html"]) await writeFile(join(folder, file), "");
}

test("the table says how many images HD leaves out", async () => {
  const [whole, shifted, empty] = [
    [1, 0, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 0],
  ];
  await done("grl-seed-0", [whole, shifted]);
  await done("cgrl-seed-0", [shifted, empty]);
  await done("cgrl-seed-1", [whole, empty]);
  const line = ["ablate", "c.yaml", "--study", "2", "--seeds", "2", "--table", "--out", "study"];
  const [text, json] = [testIo(root), testIo(root)];
  expect(await main(line, text), text.stderr()).toBe(0);
  expect(text.stdout()).toMatch(/^GRL .*1\/2 .* 1\.00 /m);
  // HD 2 and 0 on the images that have one, spread over the two seeds.
  expect(text.stdout()).toMatch(/^CGRL .*2\/2 .*1\.00 ± 1\.41 \(-2\)/m);
  expect(text.stdout()).toContain("CGRL: HD leaves out 2 of 4 scored images");
  expect(text.stdout()).not.toContain("GRL: HD leaves out 0");
  expect(await main([...line, "--json"], json)).toBe(0);
  const { rows } = JSON.parse(json.stdout());
  expect(rows.map((row: { hdLeftOut: number }) => row.hdLeftOut)).toEqual([0, 0, 0, 2]);
  const [header, ...cells] = (await readFile(join(root, "study/table.csv"), "utf8")).trim().split("\n");
  const at = header!.split(",").indexOf("hd_left_out");
  expect(cells.map((row) => row.split(",")[at])).toEqual(["", "", "0", "2"]);
});
