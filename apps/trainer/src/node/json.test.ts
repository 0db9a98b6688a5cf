import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeSafetensors } from "@ama-sam/checkpoint";
import { evaluate } from "@ama-sam/metrics";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildProgram, main } from "./cli";
import { NodeStorage } from "./files/node-storage";
import { perImageCsv } from "./files/per-image-csv";
import { testIo } from "./test-io";

let root = "";
const EXAMPLES = fileURLToPath(new URL("../../../../examples/data/dsb_pink_he", import.meta.url));

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-json-"));
  await cp(EXAMPLES, join(root, "data"), { recursive: true });
  const map = { width: 2, height: 1, data: Uint8Array.of(1, 0) };
  const storage = await NodeStorage.existing(root);
  await storage.write("run/config.yaml", "model:\n  preset: nano\n");
  await storage.write("run/per-image.csv", perImageCsv([{ ...evaluate(map, map), image: "a" }]));
  const part = JSON.stringify({ model: "m", recolored: false, images: [{ image: "a", nuclei: 1 }], failed: [] });
  await storage.write("shards/predictions.shard-0-of-1.json", part);
  await writeFile(join(root, "w.safetensors"), writeSafetensors({ w: { shape: [1], data: Float32Array.of(1) } }));
  await writeFile(
    join(root, "c.yaml"),
    "model:\n  preset: nano\ndata:\n  primary:\n    path: data\n  auxiliary:\n    - path: other\n",
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

const LINES = [
  "prepare data",
  "inspect data",
  "convert w.safetensors out.safetensors",
  "compare run run",
  "report run",
  "merge shards",
  "ablate c.yaml --study 2 --table",
];

/** These compute: `commands.gpu.test.ts` has them. */
const ON_A_GPU = ["demo", "doctor", "train", "evaluate", "predict"];

test.each(LINES)("ama-sam %s --json prints one JSON document and nothing else", async (line) => {
  const io = testIo(root);
  expect(await main([...line.split(" "), "--json"], io), io.stderr()).toBe(0);
  expect(JSON.parse(io.stdout())).toBeTypeOf("object");
  expect(io.stdout().endsWith("\n")).toBe(true);
});

test("every command with --json is tested", () => {
  const io = testIo(root);
  const program = buildProgram(io, {
    io,
    run:
      (action) =>
      async (...args) =>
        void (await action(...args)),
  });
  const verbs = program.commands.filter((c) => c.options.some((o) => o.long === "--json")).map((c) => c.name());
  expect([...ON_A_GPU, ...LINES.map((line) => line.split(" ")[0])].sort()).toEqual(verbs.sort());
});
