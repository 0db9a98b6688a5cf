import { appendFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StepEvent } from "ama-sam";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseCsv } from "../output/csv";
import { METRICS_COLUMNS, RunRecorder } from "./run-recorder";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-recorder-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const step = (n: number, loss = n / 10): StepEvent => ({
  type: "step",
  step: n,
  totalSteps: 10,
  epoch: 0,
  lr: 1e-3,
  lambda: 1,
  loss,
  fine: loss / 2,
  coarse: loss / 4,
  domain: null,
  gradNorm: 1,
  images: 4,
  seconds: 0.5,
  imagesPerSecond: 8,
  liveBytes: 1,
  peakBytes: 2,
  skipped: !Number.isFinite(loss),
});

const csv = async () => parseCsv(await readFile(join(root, "metrics.csv"), "utf8"));

test("rows are on disk as soon as they are recorded", async () => {
  const recorder = await RunRecorder.open(root);
  recorder.record(step(1));
  recorder.record(step(2, Number.NaN));
  recorder.record({ type: "validation", step: 2, epoch: 1, score: 0.5, metrics: { dsc: 0.5 }, best: true, seconds: 1 });
  const [header, first, second, third] = await csv();
  expect(header).toEqual([...METRICS_COLUMNS]);
  expect(first).toEqual(["1", "0", "0.001", "1", "0.1", "0.05", "0.025", "", "1", "0", ""]);
  expect(second!.slice(4, 6)).toEqual(["nan", "nan"]);
  expect(third!.at(-1)).toBe("0.5");
  expect(await readFile(join(root, "metrics.jsonl"), "utf8")).toContain('"loss":"NaN"');
  recorder.close();
});

test("a resumed run has the rows of one that never stopped", async () => {
  const whole = await RunRecorder.open(root);
  for (let n = 1; n <= 6; n++) whole.record(step(n));
  whole.close();
  const expected = await readFile(join(root, "metrics.csv"), "utf8");
  // The process died after step 6, in the middle of a row; the last checkpoint is of step 4.
  await appendFile(join(root, "metrics.csv"), "7,0,0.0");
  const again = await RunRecorder.open(root, 4);
  for (let n = 5; n <= 6; n++) again.record(step(n));
  again.close();
  expect(await readFile(join(root, "metrics.csv"), "utf8")).toBe(expected);
  expect(await readdir(join(root, "tb"))).toHaveLength(2);
});

test("a validation that no checkpoint knows of is taken out, its step stays", async () => {
  const whole = await RunRecorder.open(root);
  whole.record(step(1));
  whole.record({ type: "validation", step: 1, epoch: 1, score: 0.5, metrics: {}, best: true, seconds: 1 });
  whole.record(step(2));
  const before = await csv();
  whole.record({ type: "validation", step: 2, epoch: 2, score: 0.6, metrics: {}, best: true, seconds: 1 });
  whole.note({ type: "probe", step: 2, accuracy: 1 });
  whole.close();
  expect([RunRecorder.has(root, "probe", 2), RunRecorder.has(root, "probe", 1)]).toEqual([true, false]);
  // Stopped by a signal after step 2: its checkpoint has no validation yet, and the process died in it.
  (await RunRecorder.open(root, 2, 1)).close();
  expect(await csv()).toEqual(before);
  const jsonl = await readFile(join(root, "metrics.jsonl"), "utf8");
  expect(jsonl.match(/"type":"validation"/g)).toHaveLength(1);
});
