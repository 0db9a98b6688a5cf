import { describe, expect, test } from "vitest";
import { type LibraryResult, type OpResult, type Report, summary, verdict } from "./result";
import { findings, rateTable } from "./table";

const counted = (mib: number) => ({ peakBytes: mib * 2 ** 20, dispatches: 1, submits: 1, pipelines: 1 });
const timed = (ms: number, cpuMs: number, right: boolean, mib = 10): LibraryResult => ({
  version: "1",
  time: { ms, cpuMs },
  error: right ? 1e-6 : 0.5,
  right,
  counted: counted(mib),
});
const peaks = { flops: { wall: 40, cpu: 50 }, bytes: { wall: 4, cpu: 5 } };
const line = (libraries: Record<string, LibraryResult>): OpResult => ({
  op: "linear",
  flops: 2e9,
  bytes: 1e6,
  peaks,
  libraries,
});
const report = (result: OpResult): Report => ({
  adapter: "x",
  processors: 2,
  node: "v20",
  load: [],
  results: [result],
});

describe("verdict", () => {
  const result = line({
    "ama-sam": timed(100, 200, true, 10),
    tfjs: timed(300, 500, true, 40),
    "jax-js": timed(250, 600, true, 20),
    "ort-web": timed(10, 20, false),
  });

  test("compares with the fastest peer that is right, by either clock", () => {
    expect(verdict(result, "ama-sam", "wall", 2)).toMatchObject({ peer: "jax-js", ratio: 2.5, memory: 2 });
    expect(verdict(result, "ama-sam", "cpu", 2)).toMatchObject({ peer: "tfjs", ratio: 2.5, memory: 4 });
  });

  test("the share counts every processor", () => {
    expect(verdict(result, "ama-sam", "wall", 2)?.share).toBeCloseTo(20 / 40, 12);
    expect(verdict(result, "ama-sam", "cpu", 2)?.share).toBeCloseTo(20 / 50, 12);
  });

  test("says nothing where our result is wrong", () => {
    expect(verdict(line({ "ama-sam": timed(1, 1, false), tfjs: timed(2, 2, true) }), "ama-sam", "cpu", 2)).toBeNull();
  });
});

test("a run's wall time is its best, its processor time its middle one", () => {
  const runs = [
    { ms: 30, cpuMs: 10 },
    { ms: 10, cpuMs: 50 },
    { ms: 20, cpuMs: 20 },
  ];
  expect(summary(runs)).toEqual({ ms: 10, cpuMs: 20 });
});

test("findings name a slower op, a wrong result and a failure", () => {
  const result = line({
    "ama-sam": timed(100, 200, true),
    tfjs: timed(50, 100, true),
    "jax-js": timed(1, 1, false),
    "ort-web": { version: "1", failed: "its process ended" },
  });
  const lines = findings(report(result), "cpu");
  expect(lines).toEqual([
    "jax-js is wrong: linear: error 5.0e-1",
    "ort-web failed: linear: its process ended",
    "slower than tfjs: linear: 0.50 x",
  ]);
  expect(rateTable(report(result), ["ama-sam", "tfjs", "jax-js"], "cpu")).toContain("(4000) wrong");
});
