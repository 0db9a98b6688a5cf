import type { ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { main } from "./cli";
import { touchLock } from "./files/lock-file";
import { NodeStorage } from "./files/node-storage";
import { identityOf } from "./files/process-life";
import { RunLock } from "./files/run-lock";
import { testIo } from "./test-io";
import { sleeper } from "./test-support/sleeper";
import { tinyConfig } from "./test-support/tiny-config";

let root = "";
let run = "";
let child: ChildProcess;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-locked-"));
  run = join(root, "run");
  child = await sleeper();
  await writeFile(join(root, "tiny.yaml"), tinyConfig("epochs: 1"));
});
afterAll(async () => {
  child.kill("SIGKILL");
  await rm(root, { recursive: true, force: true });
});

/** What a run holds that a living process has just begun. */
const FILES = { "config.yaml": tinyConfig("epochs: 1"), "env.json": "{}" };
beforeEach(async () => {
  await rm(run, { recursive: true, force: true });
  await mkdir(run);
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(run, name), text);
});
const lock = (host = hostname()) =>
  writeFile(
    join(run, "run.lock"),
    JSON.stringify({ ...identityOf(child.pid), host, started: "2026-01-02T03:04:05.678Z", command: "ama-sam train" }),
  );

async function start(line: string) {
  const io = testIo(root, { ...process.env, AMA_SAM_ADAPTER: "no-such-gpu" });
  const code = await main(line.split(" "), io);
  const lines = io.stderr().trimEnd().split("\n");
  return { code, lines: lines.filter((text) => /^(ama-sam|hint): |sign of life/.test(text)) };
}

const COMMANDS = [
  "train tiny.yaml --out run",
  "train tiny.yaml --out run --overwrite",
  "train --resume run",
  "demo --out run",
  "demo --out run --overwrite",
];

describe("a run that a living process writes", () => {
  test.each(COMMANDS)("is left to it by `ama-sam %s`", async (line) => {
    await lock();
    const before = await readFile(join(run, "run.lock"), "utf8");
    const { code, lines } = await start(line);
    expect(lines).toEqual([
      `ama-sam: ${run}: this run is being written by another process. Got pid ${child.pid} on ${hostname()}, since 2026-01-02 03:04:05 UTC (ama-sam train)`,
      "hint: Wait for it, stop it, or use another --out.",
    ]);
    expect(code).toBe(1);
    expect((await readdir(run)).sort()).toEqual([...Object.keys(FILES), "run.lock"]);
    for (const [name, text] of Object.entries(FILES)) expect(await readFile(join(run, name), "utf8")).toBe(text);
    expect(await readFile(join(run, "run.lock"), "utf8")).toBe(before);
  });

  test("is refused too when its folder holds nothing else yet, and when it is on another host", async () => {
    for (const name of Object.keys(FILES)) await rm(join(run, name));
    for (const host of [hostname(), "elsewhere"]) {
      await lock(host);
      const beat = setInterval(() => touchLock(join(run, "run.lock")), 400);
      const { code, lines } = await start("train tiny.yaml --out run");
      clearInterval(beat);
      expect([code, lines.at(-2)]).toEqual([1, expect.stringContaining(`on ${host}, since`)]);
      if (host === "elsewhere") expect(lines[0]).toContain("waiting up to 90 s for a sign of life");
    }
  });

  test("is not emptied for an evaluation, nor opened by anything that does not hold its lock", async () => {
    await lock();
    for (const options of [{ holds: "evaluation", overwrite: true }, { overwrite: true }, { resume: true }] as const) {
      await expect(NodeStorage.check(run, options)).rejects.toThrow(/written by another process/);
      await expect(NodeStorage.open(run, options)).rejects.toThrow(/written by another process/);
    }
    expect((await readdir(run)).sort()).toEqual([...Object.keys(FILES), "run.lock"]);
  });

  test("can be looked at and reported, and the lock is none of its files", async () => {
    await lock();
    const io = testIo(root);
    expect(await main(["inspect", "run", "--json"], io), io.stderr()).toBe(0);
    expect(JSON.parse(io.stdout()).files).toEqual(Object.keys(FILES));
    expect(await main(["report", "run"], testIo(root))).toBe(0);
    expect(await readFile(join(run, "report.html"), "utf8")).not.toMatch(/run\.lock|"pid"/);
  });
});

test("a dead process's lock stops nothing, and what fails before the training leaves the folder as it is", async () => {
  await lock();
  const text = await readFile(join(run, "run.lock"), "utf8");
  await writeFile(
    join(run, "run.lock"),
    text.replace(/"ticks":"\d+"|"pid":\d+/, (it) => it.replace(/\d+/, "1999999999")),
  );
  for (const line of ["train --resume run", "train tiny.yaml --out run --overwrite"]) {
    const { lines } = await start(line);
    expect(lines[0], line).toContain("no-such-gpu");
  }
  expect((await start("train tiny.yaml --out run")).lines[0]).toContain("not empty");
  expect((await readdir(run)).sort()).toEqual([...Object.keys(FILES), "run.lock"]);
});

test("the holder of the lock opens the folder, and --overwrite spares the lock alone", async () => {
  const own = await RunLock.take(run, ["train"]);
  await expect(NodeStorage.open(run, { lock: own })).rejects.toThrow(/not empty/);
  await NodeStorage.open(run, { resume: true, lock: own });
  expect((await readdir(run)).sort()).toEqual([...Object.keys(FILES), "run.lock"]);
  await NodeStorage.open(run, { overwrite: true, lock: own });
  expect(await readdir(run)).toEqual(["run.lock"]);
  own.release();
  // Nothing but a lock is nothing: a run may begin here, but none can go on.
  await lock();
  const text = await readFile(join(run, "run.lock"), "utf8");
  await writeFile(join(run, "run.lock"), text.replace(/"pid":\d+/, '"pid":1999999999'));
  expect(await NodeStorage.check(run)).toEqual([]);
  await expect(NodeStorage.check(run, { resume: true })).rejects.toThrow(/no run to resume/);
});
