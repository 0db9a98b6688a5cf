import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "@ama-sam/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "./cli";
import { isLock } from "./files/run-lock";
import { testIo } from "./test-io";
import { checkpointStep, runChild, runResult } from "./test-support/child-run";
import { tinyConfig } from "./test-support/tiny-config";

/**
 * Processes killed by SIGKILL and resumed. Three points by default; all:
 * AMA_SAM_KILLS=25 npx vitest run --project gpu apps/trainer/src/node/kill
 */
const KILLS = Number(process.env.AMA_SAM_KILLS ?? 3);
const SEED = Number(process.env.AMA_SAM_KILL_SEED ?? 1);

/** The most telling first. */
const NAMED: readonly (readonly [string, string])[] = [
  ["in the middle of a step", "kill~15@event:step#3"],
  ["between sync and rename of a checkpoint's weights", "kill@write:synced:*/checkpoints/*/model.safetensors#2"],
  ["when a checkpoint is complete, before it is proven and pointed to", "kill@write:done:*/checkpoints/*/state.json#2"],
  ["between the pointers to the best and to the last checkpoint", "kill@write:done:*/checkpoints/best.json"],
  ["at the very end", "kill@run:end"],
  ["before the first step", "kill@run:start"],
  ["between the configuration and the rest of the run's papers", "kill@write:done:*/config.yaml"],
  ["with a lock that holds nothing yet", "kill@lock:made:*/run.lock"],
  ["in half a temporary file of the optimiser's state", "kill@write:half:*/checkpoints/*/optimiser.safetensors#2"],
  ["during validation", "kill@validation:image#3"],
  ["in the middle of a row of metrics.csv", "kill@append:half:*/metrics.csv#5"],
  ["in a preview", "kill@write:half:*/previews/*#3"],
  ["while old checkpoints are removed", "kill@remove:*/checkpoints/*#2"],
  ["between a probe's row and its point in TensorBoard", "kill@probe#2"],
  ["in the report", "kill@write:half:*/report.html"],
  ["in the final weights", "kill@write:written:*/run/model.safetensors"],
];

const CONFIG = tinyConfig("epochs: 3, batch: 2, lr: 3e-3, checkpointEvery: 2, keepCheckpoints: 1");
const train = (cwd: string) => ["train", join(cwd, "tiny.yaml"), "--out", join(cwd, "run"), "--probe-every", "3"];
const resume = (cwd: string) => ["train", "--resume", join(cwd, "run")];

let root = "";
let whole: Map<string, string>;
let points: string[] = [];
const folder = async (name: string) => {
  const path = join(root, name);
  await mkdir(path);
  await writeFile(join(path, "tiny.yaml"), CONFIG);
  return path;
};
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-kill-"));
  const cwd = await folder("whole");
  const { code, stderr } = await runChild(train(cwd), { AMA_SAM_FAULT: "trace@*" });
  expect(code, stderr).toBe(0);
  points = stderr.split("\n").filter((line) => line.startsWith("fault point "));
  whole = await runResult(join(cwd, "run"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Killed before there was a configuration, a run is started again, not resumed. */
const begun = async (run: string) => (await readdir(run).catch((): string[] => [])).includes("config.yaml");

/** Kills a run once or more, resumes it, and compares its end with that of the run that was left alone. */
async function killed(name: string, faults: readonly string[], named = false): Promise<void> {
  const cwd = await folder(name);
  const run = join(cwd, "run");
  for (const fault of faults) {
    const args = (await begun(run)) ? resume(cwd) : train(cwd);
    const { signal, code, stderr } = await runChild(args, { AMA_SAM_FAULT: fault });
    // A resumed run passes fewer points: its second kill may come too late.
    if (code === 0 && fault !== faults[0]) continue;
    expect(signal, `${fault}: ${stderr}`).toBe("SIGKILL");
    if (named) expect(await readdir(run)).toContain("run.lock");
    await checkpointStep(run);
  }
  const { code, stderr } = await runChild((await begun(run)) ? resume(cwd) : train(cwd));
  expect(code, `${faults}: ${stderr}`).toBe(0);
  const end = await runResult(run);
  expect([...end.keys()]).toEqual([...whole.keys()]);
  for (const [file, content] of whole) expect(end.get(file) === content, `${file} after ${faults}`).toBe(true);
  expect((await readdir(run)).filter((file) => file.endsWith(".tmp") || isLock(file))).toEqual([]);
  await rm(cwd, { recursive: true });
}

describe("killed and resumed, a run ends with the bytes of one that was left alone", () => {
  test.each(NAMED.slice(0, KILLS).map(([name, fault], i) => [name, fault, i] as const))("%s", async (_, fault, i) => {
    await killed(`named-${i}`, [fault], true);
  });

  // Anywhere: a visit of any point, and some milliseconds later; every third run is killed once more while it goes on.
  const random = new Random(SEED);
  const anywhere = Array.from({ length: Math.max(0, KILLS - NAMED.length) }, (_, i) => {
    const one = () => [random.integer(0, 1e6), random.integer(0, 60)] as const;
    return { i, kills: i % 3 === 2 ? [one(), one()] : [one()] };
  });
  test.each(anywhere)("at random point number $i", async ({ i, kills }) => {
    const faults = kills.map(([at, ms]) => `kill${ms < 20 ? "" : `~${ms}`}@*#${1 + (at % points.length)}`);
    await killed(`random-${i}`, faults);
  });
});

test("a run that trains is left alone by every other process, and goes on as soon as it is killed", async () => {
  const cwd = await folder("two");
  const run = join(cwd, "run");
  const first = runChild([...train(cwd), "--set", "train.epochs=5000"]);
  const rows = async () => (await readFile(join(run, "metrics.csv"), "utf8").catch(() => "")).split("\n").length - 2;
  await expect.poll(rows, { timeout: 120_000, interval: 100 }).toBeGreaterThan(2);
  const { pid } = JSON.parse(await readFile(join(run, "run.lock"), "utf8"));
  for (const line of [train(cwd), [...train(cwd), "--overwrite"], resume(cwd)]) {
    const io = testIo(cwd, process.env);
    expect([await main(line, io), io.stderr()]).toEqual([1, expect.stringContaining(`Got pid ${pid} on`)]);
  }
  const before = await rows();
  await expect.poll(rows, { timeout: 60_000 }).toBeGreaterThan(before);
  process.kill(pid, "SIGKILL");
  expect((await first).signal).toBe("SIGKILL");
  const io = testIo(cwd, process.env);
  const { err } = io;
  io.err = (text) => {
    err(text);
    if (text.startsWith("step ")) io.stop.request("SIGINT");
  };
  expect([await main(resume(cwd), io), io.stderr()]).toEqual([130, expect.stringContaining("going on after step")]);
  expect((await readdir(run)).filter(isLock)).toEqual([]);
});
