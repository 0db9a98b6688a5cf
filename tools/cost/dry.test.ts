import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { DryResult } from "./dry";

const root = fileURLToPath(new URL("../..", import.meta.url));

// Every kernel of a step on an adapter without narrow subgroups goes through the formulas: one that outgrew its own fails here.
test("a training step of ViT-B is counted on Dawn's null backend", async () => {
  const setting = JSON.stringify({ preset: "vit-b", size: 256, batch: 1, task: "train" });
  const args = [join(root, "tools/run.mjs"), join(root, "tools/cost/dry.ts"), setting];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { work, peakBytes, modelBytes } = JSON.parse(stdout) as DryResult;
  expect(peakBytes).toBeGreaterThan(modelBytes);
  // 86 M weights x 256 tokens, forward and what they hand back: 4 operations each; adapters and heads come on top.
  expect(work.products?.flops).toBeGreaterThan(4 * 86e6 * 256);
  expect(work.attention?.flops).toBeGreaterThan(0);
});
