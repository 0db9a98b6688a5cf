import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { DryResult, Task } from "./dry";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** One configuration in a process of its own, as `npm run cost` runs it. */
async function dry(task: Task, env: NodeJS.ProcessEnv = {}): Promise<DryResult> {
  const setting = JSON.stringify({ preset: "vit-b", size: 256, batch: 1, task });
  const args = [join(root, "tools/run.mjs"), join(root, "tools/cost/dry.ts"), setting];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
  return JSON.parse(stdout) as DryResult;
}

/** Attention of ViT-B at 256: 16 x 16 tokens in 4 global blocks, four windows of 14 x 14 in 8; the position bias has 2 (H + W) D per query. */
const pairs = (windows: number, side: number) => 2 * 12 * windows * side ** 4 * 64;
const bias = (windows: number, side: number) => 2 * 12 * windows * side ** 2 * 2 * side * 64;
const [scores, biases] = [4 * pairs(1, 16) + 8 * pairs(4, 14), 4 * bias(1, 16) + 8 * bias(4, 14)];

test("the encoder's work is counted on Dawn's null backend", async () => {
  const { work } = await dry("encode");
  expect(work.attention?.flops).toBe(2 * scores + biases);
  // 86 M weights, most of them on 256 tokens, qkv and projection on the windows' 784
  expect(work.products?.flops).toBeGreaterThan(2 * 86e6 * 256);
  expect(work.products?.flops).toBeLessThan(2 * 86e6 * 784);
});

test("a training step's too, and a launch in pieces counts once", async () => {
  const [{ work, peakBytes, modelBytes }, cut] = await Promise.all([
    dry("train"),
    dry("train", { TENSOR_LAUNCH_GFLOP: "0.1" }),
  ]);
  expect(peakBytes).toBeGreaterThan(modelBytes);
  expect(work.products?.flops).toBeGreaterThan(4 * 86e6 * 256); // forward, and what is handed back
  // Two products of rows forward, five backward where scores are written out; nothing is handed back through the first block's,
  // which has no adapter before it. The decoder's attention comes on top: a few per cent.
  const encoder = 7 * scores - 5 * pairs(4, 14) + 2 * biases - bias(4, 14);
  expect(work.attention?.flops).toBeGreaterThan(encoder);
  expect(work.attention?.flops).toBeLessThan(1.05 * encoder);
  expect(cut.work.products?.launches).toBeGreaterThan(2 * (work.products?.launches ?? 0));
  for (const family of ["products", "attention"] as const)
    expect((cut.work[family]?.flops ?? 0) / (work[family]?.flops ?? 0)).toBeCloseTo(1, 9);
});
