import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openGpu } from "@ama-sam/dawn";
import { type FaultCall, type Faults, injectFaults, Random } from "@ama-sam/testing";
import type { TrainEvent } from "ama-sam";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "./cli";
import { isLock } from "./files/run-lock";
import { parseCsv } from "./output/csv";
import { testIo } from "./test-io";
import { checkpointStep, runResult } from "./test-support/child-run";
import { tinyConfig } from "./test-support/tiny-config";

let root = "";
/** Results of runs that nothing disturbed: 6 steps, and 20. */
let whole: Map<string, string>;
let wholeLong: Map<string, string>;
const SHORT = "train tiny.yaml --probe-every 0";
const LONG = "train tiny.yaml --probe-every 0 --set train.epochs=10";
/** NaN is put into kernels by count, so there is no validation between the steps. */
const NAN = "train tiny.yaml --probe-every 0 --set train.validateEvery=0 --set train.epochs=17";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-faults-"));
  await writeFile(
    join(root, "tiny.yaml"),
    tinyConfig("epochs: 3, batch: 2, lr: 3e-3, checkpointEvery: 3, snapshotEvery: 2"),
  );
  for (const [line, name] of [
    [SHORT, "whole"],
    [LONG, "long"],
  ] as const)
    expect((await run(`${line} --out ${name}/run`)).code).toBe(0);
  whole = await runResult(join(root, "whole/run"));
  wholeLong = await runResult(join(root, "long/run"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface RunOptions {
  fault?: string;
  openGpu?: typeof openGpu;
  onEvent?: (event: TrainEvent) => void;
}

/** The command with `--json`, so that every event is seen as it comes. */
async function run(line: string, { fault = "", openGpu: open, onEvent }: RunOptions = {}) {
  const io = testIo(root, { ...process.env, AMA_SAM_FAULT: fault });
  if (open) io.openGpu = open;
  const events: TrainEvent[] = [];
  io.out = (text) => {
    const event = JSON.parse(text) as TrainEvent;
    events.push(event);
    onEvent?.(event);
  };
  const code = await main([...line.split(" "), "--json"], io);
  const errors = io
    .stderr()
    .split("\n")
    .filter((text) => text.startsWith("ama-sam: "));
  const count = (type: TrainEvent["type"]) => events.filter((event) => event.type === type).length;
  return { code, events, errors, count, stderr: io.stderr() };
}

async function expectSameEnd(name: string, expected = whole): Promise<void> {
  const end = await runResult(join(root, name, "run"));
  for (const [file, content] of expected) expect(end.get(file) === content, file).toBe(true);
}

describe("lost devices", () => {
  test("20 of them, in steps, validation, saving, probing and recovery: the end has the bytes of a run that lost none", async () => {
    const random = new Random(5);
    const calls: FaultCall[] = ["submit", "dispatch", "writeBuffer", "mapAsync", "createBindGroup"];
    const perStep: Partial<Record<FaultCall, number>> = {};
    let latest: Faults;
    const opened: Faults[] = [];
    const waiting = new Set<Faults>();
    let planned = 0;
    const arm = (reach: number, fresh = false): void => {
      if (planned >= 19 || waiting.has(latest)) return;
      waiting.add(latest);
      // Later steps find their bind groups in the cache; a new device makes them all again.
      const made = calls.filter((call) => fresh || call !== "createBindGroup");
      const on = made[planned++ % made.length]!;
      latest.arm({ lose: { on, at: random.integer(1, Math.max(1, Math.round(reach * perStep[on]!))) } });
    };
    const lossy = await run(`${LONG} --out lost/run`, {
      openGpu: async (options) => {
        const device = await openGpu(options);
        latest = injectFaults(device.gpu);
        opened.push(latest);
        // Every third device is lost again while it takes over: its weights are uploaded, or steps repeated.
        if (opened.length % 3 === 0) arm(2, true);
        return device;
      },
      onEvent: (event) => {
        if (event.type === "step" && event.step === 1) latest.arm({});
        // The last one strikes in the domain probe after the last step.
        if (event.type === "done" && event.reason === "finished") latest.arm({ lose: { on: "dispatch", at: 9 } });
        if (event.type !== "step" || event.step < 2) return;
        if (event.step === 2) for (const call of calls) perStep[call] = latest.counts[call];
        arm(1);
      },
    });
    expect([lossy.code, lossy.errors]).toEqual([0, []]);
    expect(opened.filter((faults) => faults.struck)).toHaveLength(20);
    expect(lossy.count("lost")).toBeGreaterThan(12);
    await expectSameEnd("lost", wholeLong);
  }, 600_000);

  test("one that is lost again and again ends the run with one line, and the run can go on", async () => {
    let first: Faults | undefined;
    let saved = 0;
    const dead = await run(`${SHORT} --out dead/run`, {
      openGpu: async (options) => {
        const device = await openGpu(options);
        const faults = injectFaults(device.gpu, first ? { lose: { on: "dispatch", at: 5 } } : {});
        first ??= faults;
        return device;
      },
      onEvent: (event) => {
        if (event.type === "checkpoint") saved = event.step;
        if (event.type === "step" && event.step === 5) first!.arm({ lose: { on: "submit", at: 1 } });
      },
    });
    expect([dead.code, dead.errors]).toEqual([1, [expect.stringMatching(/lost/)]]);
    // The third step's, or the fourth's where its validation was the best so far.
    expect(saved).toBeGreaterThanOrEqual(3);
    expect(await checkpointStep(join(root, "dead/run"))).toBe(saved);
    expect((await run("train --resume dead/run")).code).toBe(0);
    await expectSameEnd("dead");
  });
});

describe("NaN", () => {
  /** Runs with NaN in the kernels of the given steps. */
  async function spoiled(name: string, bad: (step: number) => boolean) {
    let faults: Faults | undefined;
    return run(`${NAN} --out ${name}/run`, {
      openGpu: async (options) => {
        const device = await openGpu(options);
        faults = injectFaults(device.gpu);
        return device;
      },
      onEvent: (event) => {
        if (event.type === "step") faults!.arm(bad(event.step + 1) ? { nanInDispatchAt: 3 } : {});
      },
    });
  }
  const progress = async (name: string) => {
    const folder = join(root, name, "run/checkpoints");
    const { path } = JSON.parse(await readFile(join(folder, "last.json"), "utf8"));
    return JSON.parse(await readFile(join(folder, path, "state.json"), "utf8")).progress;
  };

  test("20 bad steps, two in a row at most: skipped, counted, their images named", async () => {
    const bad = (step: number) => step % 3 !== 0 && step > 1 && step <= 31;
    const { code, events, count, errors } = await spoiled("nan", bad);
    expect([code, errors]).toEqual([0, []]);
    expect([count("nan"), count("rollback")]).toEqual([20, 0]);
    for (const event of events)
      if (event.type === "nan")
        expect(event.images).toEqual([expect.stringMatching(/\//), expect.stringMatching(/\//)]);
    expect((await progress("nan")).guard).toMatchObject({ skipped: 20, rollbacks: 0 });
    const [header, ...rows] = parseCsv(await readFile(join(root, "nan/run/metrics.csv"), "utf8"));
    expect(rows.filter((row) => row[header!.indexOf("skipped")] === "1")).toHaveLength(20);
    expect(rows.filter((row) => row[header!.indexOf("loss")] === "nan").length).toBeGreaterThan(0);
  });

  test("in a validation: a score of NaN, never the best, and the run goes on", async () => {
    let faults: Faults | undefined;
    const { code, events } = await run(`${SHORT} --out blind/run`, {
      openGpu: async (options) => {
        const device = await openGpu(options);
        faults = injectFaults(device.gpu);
        return device;
      },
      onEvent: (event) => event.type === "step" && event.step === 2 && faults!.arm({ nanInDispatchAt: 3 }),
    });
    const scores = events.flatMap((e) => (e.type === "validation" ? [[e.score, e.best]] : []));
    expect(code).toBe(0);
    expect(scores).toEqual([[null, false], ...Array(2).fill([expect.any(Number), expect.any(Boolean)])]);
    expect(scores[1]![1]).toBe(true);
  });

  test("three in a row roll back; after three roll-backs the next such row stops the run and names the images", async () => {
    const { code, events, count, errors } = await spoiled("rows", (step) => step > 6 && step <= 18);
    expect(events.filter((e) => e.type === "rollback")).toMatchObject([
      { step: 9, toStep: 6, rollbacks: 1 },
      { step: 12, toStep: 9, rollbacks: 2 }, // the checkpoint of step 9 holds the weights of step 6 again
      { step: 15, toStep: 12, rollbacks: 3 },
    ]);
    expect([code, count("nan"), count("rollback")]).toEqual([1, 12, 3]);
    expect(errors).toEqual([
      expect.stringMatching(/not a number again and again.*The images were \w+\/\w+, .*train\.lr/),
    ]);
    const last = await checkpointStep(join(root, "rows/run"));
    expect(last).toBeGreaterThanOrEqual(6);
  });
});

describe("a disk that fails", () => {
  /** One by default; AMA_SAM_FAULTS=all runs the others too. */
  const FULL: readonly (readonly [string, string])[] = [
    ["a row of the log", "ENOSPC@append:half:*/metrics.csv#5+"],
    ["a checkpoint's weights", "ENOSPC@write:half:*/checkpoints/*/model.safetensors#2+"],
    ["the report", "EIO@write:half:*/report.html"],
    ["the first file", "ENOSPC@write:begin:*/config.yaml"],
    ["the lock", "ENOSPC@lock:made:*/run.lock"],
    ["a checkpoint's state", "ENOSPC@write:written:*/state.json#2+"],
    ["the pointer to the last checkpoint", "ENOSPC@write:opened:*/last.json#2+"],
    ["a preview", "EDQUOT@write:half:*/previews/*#3+"],
    ["the final weights", "ENOSPC@write:half:*/run/model.safetensors"],
  ];

  test.each(process.env.AMA_SAM_FAULTS === "all" ? FULL : FULL.slice(0, 1))(
    "in %s: one line, exit code 1, and with room again the same end",
    async (what, fault) => {
      const name = `disk ${what}`.replaceAll(" ", "-");
      const full = await run(`${SHORT} --out ${name}/run`, { fault });
      expect(full.errors).toEqual([expect.stringMatching(/disk|quota/)]);
      expect(full.errors[0]!.length).toBeLessThan(400);
      expect(full.code).toBe(1);
      expect((await readdir(join(root, name, "run"))).filter(isLock)).toEqual([]);
      await checkpointStep(join(root, name, "run"));
      expect((await readdir(join(root, name, "run"), { recursive: true })).filter((f) => f.endsWith(".tmp"))).toEqual(
        [],
      );
      const begun = (await readdir(join(root, name, "run"))).includes("config.yaml");
      const again = await run(begun ? `train --resume ${name}/run` : `${SHORT} --out ${name}/run`);
      expect([again.code, again.errors]).toEqual([0, []]);
      await expectSameEnd(name);
    },
  );

  test("a read-only folder is told as such, before the training and during it", async () => {
    const before = await run(`${SHORT} --out read-only/run`, { fault: "EROFS@write:begin:*#1+" });
    expect([before.code, before.errors]).toEqual([
      1,
      [expect.stringMatching(/config\.yaml: the file system is read-only/)],
    ]);
    expect(before.count("step")).toBe(0);
    const during = await run(`${SHORT} --out turned/run`, { fault: "EACCES@write:begin:*/state.json#2+" });
    expect([during.code, during.errors]).toEqual([
      1,
      [expect.stringMatching(/checkpoint could not be written.*read-only/)],
    ]);
    expect(await checkpointStep(join(root, "turned/run"))).toBe(2);
    expect((await run("train --resume turned/run")).code).toBe(0);
    await expectSameEnd("turned");
  });
});
