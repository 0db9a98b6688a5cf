import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CommandError, EXIT, explain } from "../errors";
import { setFaults } from "../faults";
import { BEAT_MS, touchLock } from "./lock-file";
import { identityOf } from "./process-life";
import { isLock, RunLock } from "./run-lock";

let root = "";
let run = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-run-lock-"));
  run = join(root, "run");
});
afterEach(async () => {
  setFaults(undefined);
  await rm(root, { recursive: true, force: true });
});

const refusal = (made: Promise<unknown>) => made.then(() => null, explain);

test("a folder is locked until its lock is given back, and then by whom it is taken next", async () => {
  await RunLock.refuseWritten(run);
  const first = await RunLock.take(run, ["train", "nano.yaml"]);
  const told = JSON.parse(await readFile(join(run, "run.lock"), "utf8"));
  expect(told).toEqual({ ...identityOf(), started: expect.any(String), command: "ama-sam train nano.yaml" });
  const since = `${told.started.slice(0, 19).replace("T", " ")} UTC`;
  const says = {
    message: `${run}: this run is being written by another process. Got pid ${process.pid} on ${hostname()}, since ${since} (ama-sam train nano.yaml)`,
    hint: "Wait for it, stop it, or use another --out.",
    exitCode: EXIT.failure,
  };
  expect(await refusal(RunLock.refuseWritten(run))).toEqual(says);
  const second = await RunLock.take(run, ["demo"]).catch((error) => error);
  expect([CommandError.isInstance(second), explain(second)]).toEqual([true, says]);
  first.release();
  await RunLock.refuseWritten(run);
  const third = await RunLock.take(run, ["demo"]);
  first.release();
  expect(await readdir(run)).toEqual(["run.lock"]);
  third.release();
  expect(await readdir(run)).toEqual([]);
});

test("a process that cannot be seen holds its run while it touches the lock, and that is waited for aloud", async () => {
  await mkdir(run);
  const path = join(run, "run.lock");
  const other = { ...identityOf(), host: "elsewhere", started: "2026-01-02T03:04:05.678Z", command: "x".repeat(5000) };
  await writeFile(path, JSON.stringify(other));
  const beat = setInterval(() => touchLock(path), 400);
  const said: string[] = [];
  const { message, hint } = (await refusal(RunLock.take(run, ["train"], (text) => said.push(text))))!;
  clearInterval(beat);
  expect(said).toEqual([`${run}: locked by pid ${process.pid} on elsewhere; waiting up to 90 s for a sign of life\n`]);
  expect(message).toMatch(/Got pid \d+ on elsewhere, since 2026-01-02 03:04:05 UTC \(x+\.\.\.\)$/);
  expect(message.length).toBeLessThan(500);
  expect(hint).toBe("Wait for it, stop it, or use another --out.");
});

test("a lock is touched for as long as it is held", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  try {
    const lock = await RunLock.take(run, ["train"]);
    const path = join(run, "run.lock");
    await utimes(path, 1000, 1000);
    vi.advanceTimersByTime(BEAT_MS);
    expect(Date.now() - (await stat(path)).mtimeMs).toBeLessThan(60_000);
    lock.release();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test("a lock ends with its process, however it ends by itself", async () => {
  const module = JSON.stringify(new URL("./run-lock.ts", import.meta.url).href);
  for (const end of ["process.exit(130)", "throw new Error('unforeseen')", ""]) {
    const script = `const { RunLock } = await import(${module});
      await RunLock.take(${JSON.stringify(run)}, ["train"]);
      console.log((await import("node:fs")).readdirSync(${JSON.stringify(run)}).join());
      ${end}`;
    const hook = new URL("../../../../../tools/node-wgsl.mjs", import.meta.url).href;
    const imports = ["--import", "tsx", "--import", hook, "--conditions=@ama-sam/source", "--input-type=module"];
    const child = spawn(process.execPath, [...imports, "-e", script], { stdio: ["ignore", "pipe", "ignore"] });
    const [[line]] = await Promise.all([once(child.stdout, "data"), once(child, "exit")]);
    expect(String(line)).toBe("run.lock\n");
    expect(await readdir(run), end).toEqual([]);
  }
});

test("what the file system says is told as of any file of a run", async () => {
  for (const [code, says] of [
    ["EROFS", "the file system is read-only"],
    ["ENOSPC", "the disk is full"],
  ] as const) {
    setFaults((point) => {
      const path = /^lock:begin:(.*)/.exec(point)?.[1];
      if (path) throw Object.assign(new Error(code), { code, path });
    });
    expect(await refusal(RunLock.take(run, ["train"]))).toMatchObject({
      message: `${join(run, "run.lock")}: ${says}`,
      exitCode: EXIT.failure,
    });
    expect(await readdir(run)).toEqual([]);
  }
});

test.skipIf(process.getuid?.() === 0)("a folder that may not be written is told as such", async () => {
  await mkdir(run);
  await chmod(run, 0o500);
  const { message, exitCode } = (await refusal(RunLock.take(run, ["train"])))!;
  await chmod(run, 0o700);
  expect([message, exitCode]).toEqual([`${join(run, "run.lock")}: no permission`, EXIT.failure]);
});

test("locks are told from a run's other files", () => {
  const names = [
    "run.lock",
    "run.lock.takeover",
    "run.lock.takeover.takeover",
    "config.yaml",
    "my-run.lock",
    "run.locks",
  ];
  expect(names.map(isLock)).toEqual([true, true, true, false, false, false]);
});
