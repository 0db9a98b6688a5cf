import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("a million nuclei grow the heap by less than 200 MiB", async () => {
  const script = fileURLToPath(new URL("../test-support/million.ts", import.meta.url));
  // The limit makes the process die if the garbage collector cannot keep up with it either.
  const args = ["--max-old-space-size=150", "--import", "tsx", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { count, bytes, peakGrowthMiB } = JSON.parse(stdout);
  expect(count).toBe(1_000_000);
  expect(bytes).toBeGreaterThan(500_000_000);
  expect(peakGrowthMiB).toBeLessThan(200);
}, 120_000);
