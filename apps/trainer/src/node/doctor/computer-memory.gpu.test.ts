import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDevice } from "@ama-sam/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig } from "../session/config-file";
import { runChild } from "../test-support/child-run";
import { tinyConfig } from "../test-support/tiny-config";
import { planMemory } from "./plan";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-memory-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

// Other systems count memory otherwise, and the plan's constants are Linux's.
test.runIf(process.platform === "linux")(
  "the plan of the computer's memory is the peak of a process that trains",
  async () => {
    const device = await testDevice();
    const path = join(root, "wide.yaml");
    // Few blocks, so that it starts soon, but millions of weights: their copies and buffers count beside what every run takes.
    const wide = "imageSize: 64, width: 512, depth: 1";
    const text = tinyConfig("epochs: 2, batch: 2, validateEvery: 0, snapshotEvery: 2").replace(
      "imageSize: 32, width: 24, depth: 1",
      wide,
    );
    await writeFile(path, text);
    const { cpuBytes } = await planMemory(await readConfig(path, [], root), device);
    // As on a first run: with the kernels in Mesa's cache nothing is compiled, which takes some 50 MiB less.
    const run = await runChild(["train", path, "--out", join(root, "run"), "--probe-every", "0"], {
      MESA_SHADER_CACHE_DIR: join(root, "shaders"),
    });
    expect(run.code, run.stderr).toBe(0);
    const ratio = cpuBytes / run.peakBytes!;
    expect(Math.abs(ratio - 1), `planned ${cpuBytes}, measured ${run.peakBytes}`).toBeLessThan(0.15);
  },
);
