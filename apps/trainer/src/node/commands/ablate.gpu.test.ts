import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../cli";
import { testIo } from "../test-io";
import { tinyConfig } from "../test-support/tiny-config";

let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-ablate-"));
  await writeFile(join(root, "tiny.yaml"), tinyConfig("epochs: 20, steps: 2, batch: 2, lr: 1e-3"));
});

afterAll(() => rm(root, { recursive: true, force: true }));

async function ablate(args: string, stopAtStep?: number): Promise<{ code: number; out: string; err: string }> {
  const io = testIo(root, process.env);
  const { err } = io;
  io.err = (text) => {
    err(text);
    if (stopAtStep !== undefined && text.startsWith(`step ${stopAtStep}/`)) io.stop.request("SIGTERM");
  };
  const code = await main(["ablate", "tiny.yaml", "--study", "3", "--out", "study", ...args.split(" ").slice(1)], io);
  return { code, out: io.stdout(), err: io.stderr() };
}

test("a study is stopped, goes on in shards, and ends with one table", async () => {
  expect((await ablate("", 1)).code).toBe(75);
  const first = await ablate(" --shard 0/2");
  expect(first.err).toContain("going on after step 1");
  expect(first.code).toBe(0);
  expect(first.out).toMatch(/SAM decoder +1\/1 .* 84\.62/);
  expect(first.out).toMatch(/HR-Decoder +0\/1 +- .* 85\.12/);
  expect((await ablate(" --shard 1/2")).code).toBe(0);
  const again = await ablate("");
  expect(again.err.match(/done before/g)).toHaveLength(2);
  expect(again.out).toMatch(/HR-Decoder +1\/1 /);
  expect((await readFile(join(root, "study/table.csv"), "utf8")).trimEnd().split("\n")).toHaveLength(3);
});

test("rows of another configuration are refused, and a row without its report is done again", async () => {
  const other = await ablate(" --set train.lr=2e-3");
  expect([other.code, other.err]).toEqual([2, expect.stringContaining("train.lr was 0.001, now 0.002")]);
  const report = join(root, "study/hr-decoder-seed-0/report.html");
  await rm(report);
  expect((await ablate(" --table")).out).toMatch(/HR-Decoder +0\/1 /);
  expect((await ablate("")).code).toBe(0);
  expect((await stat(report)).size).toBeGreaterThan(1000);
});
