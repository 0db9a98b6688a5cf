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
import { RunLock } from "../files/run-lock";
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

  test("says who writes a run, and that a process elsewhere cannot be seen", async () => {
    const run = join(root, "runs/a");
    const says = async () => {
      const io = testIo(root);
      expect(await main(["inspect", run], io), io.stderr()).toBe(0);
      return io.stdout().split("\n")[0]!.slice(`${run}: `.length);
    };
    const lock = await RunLock.take(run, ["train", "some.yaml"]);
    expect(await says()).toMatch(
      new RegExp(`^run, 2 steps, being written by pid ${process.pid} on .*ama-sam train some.yaml`),
    );
    lock.release();
    const elsewhere = { pid: 7, host: "node-7", boot: "b", started: "2026-01-02T03:04:05Z", command: "ama-sam train" };
    await writeFile(join(run, "run.lock"), JSON.stringify(elsewhere));
    expect(await says()).toBe(
      "run, 2 steps, locked, perhaps by a process that is gone, by pid 7 on node-7, since 2026-01-02 03:04:05 UTC (ama-sam train)",
    );
    await rm(join(run, "run.lock"));
    expect(await says()).toBe("run, 2 steps, finished");
  });
});
