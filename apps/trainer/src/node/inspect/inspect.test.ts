import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeSafetensors } from "@ama-sam/checkpoint";
import { evaluate } from "@ama-sam/metrics";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../cli";
import { NodeStorage } from "../files/node-storage";
import { perImageCsv } from "../files/per-image-csv";
import { testIo } from "../test-io";

const EXAMPLES = fileURLToPath(new URL("../../../../../examples/data/dsb_fluo/", import.meta.url));
let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-inspect-"));
  const storage = await NodeStorage.open(join(root, "runs/a"));
  const map = { width: 2, height: 1, data: Uint8Array.of(1, 0) };
  const weights = writeSafetensors(
    { "spgen.w": { shape: [2], data: Float32Array.of(1, 2) } },
    { format: "ama-sam", kind: "trained", base_sha256: "ab".repeat(32) },
  );
  const files: Record<string, string | Uint8Array> = {
    "config.yaml": `model:\n  preset: nano\ndata:\n  primary:\n    path: ${EXAMPLES}\n`,
    "metrics.csv": "step,validationDsc\n1,\n2,\n2,0.5\n",
    "per-image.csv": perImageCsv([{ ...evaluate(map, map), image: "a" }]),
    "model.safetensors": weights,
    "checkpoints/step-00000002/state.json": JSON.stringify({
      progress: { step: 2, stepsPerEpoch: 1 },
      files: { "model.safetensors": { bytes: 2048, sha256: "" } },
    }),
    "evaluation/config.yaml": "",
    "evaluation/per-image.csv": perImageCsv([{ ...evaluate(map, map), image: "a" }]),
    "predictions/predictions.json": JSON.stringify({ model: "cd".repeat(32), images: [{ nuclei: 3 }], failed: [] }),
  };
  for (const [path, content] of Object.entries(files)) await storage.write(path, content);
  await writeFile(join(root, "config.yml"), "model:\n  preset: vit-h\n");
  const io = testIo(root);
  expect(await main(["prepare", EXAMPLES, "--out", join(root, "manifest.json")], io), io.stderr()).toBe(0);
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe("inspect", () => {
  test.each([
    [`${EXAMPLES}images/27c30f90.png`, "image", /256 x 256, RGB, 8 bits/],
    [`${EXAMPLES}labels/27c30f90.png`, "image", /labels of 39 nuclei/],
    [`${EXAMPLES}images`, "folder of images", /12 images without annotations \(png: 12\)/],
    [EXAMPLES, "data set", /layout folder, 12 annotated images.*train: 9, test: 3/s],
    [`${EXAMPLES}splits.json`, "split file", /train: 9, test: 3/],
    ["manifest.json", "manifest", /12 images, \d+ nuclei/],
    ["config.yml", "configuration", /vit-h, decoder hr/],
    ["runs/a/model.safetensors", "weights", /AMA-SAM, the trained part alone \(of a base with SHA-256 abababab/],
    ["runs/a/per-image.csv", "scores", /1 image: DSC 100\.00/],
    ["runs/a", "run", /run, 2 steps, finished\n.*DSC 100\.00.*nano, decoder hr/s],
    ["runs", "folder of runs", /a {2}2 steps, DSC 100/],
    ["runs/a/checkpoints/step-00000002", "checkpoint", /after step 2.*model\.safetensors {2}2\.0 KiB/s],
    ["runs/a/evaluation", "evaluation", /DSC 100\.00/],
    ["runs/a/predictions", "predictions", /3 nuclei in 1 image/],
  ])("says that %s is: %s", async (path, kind, says) => {
    const [plain, json] = [testIo(root), testIo(root)];
    expect(await main(["inspect", path], plain), plain.stderr()).toBe(0);
    expect(plain.stdout()).toMatch(says);
    expect(await main(["inspect", path, "--json"], json)).toBe(0);
    expect(JSON.parse(json.stdout()).kind).toBe(kind);
  });
});
