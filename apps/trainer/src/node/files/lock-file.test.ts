import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { unlinkSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { setFaults } from "../faults";
import { sleeper } from "../test-support/sleeper";
import { type LockHolder, lookAtLock, releaseLock, takeLock, touchLock } from "./lock-file";
import { identityOf } from "./process-life";

let folder = "";
let path = "";
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ama-sam-lock-"));
  path = join(folder, "run.lock");
});
afterEach(async () => {
  setFaults(undefined);
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const me = (): LockHolder => ({ ...identityOf(), started: "2026-01-02T03:04:05.678Z", command: "ama-sam train" });
const leave = (holder: object) => writeFile(path, JSON.stringify(holder));
const inFile = async () => JSON.parse(await readFile(path, "utf8")) as LockHolder;

/** A process that lives until the test ends, as a lock file names it. */
async function living(): Promise<LockHolder> {
  const child = await sleeper();
  children.push(child);
  return { ...me(), ...identityOf(child.pid) };
}

/** A process that was killed. */
async function dead(): Promise<LockHolder> {
  const holder = await living();
  const child = children.pop()!;
  child.kill("SIGKILL");
  await once(child, "exit");
  return holder;
}

/** A process that is dead while its number is still taken. */
async function zombie(): Promise<LockHolder> {
  // A shell that becomes `sleep` has a child whose end it does not ask for.
  const child = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 600"], { stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  const [line] = await once(child.stdout, "data");
  const holder = { ...me(), ...identityOf(Number(line)) };
  await expect.poll(() => readFile(`/proc/${holder.pid}/stat`, "utf8"), { timeout: 20_000 }).toContain(") Z ");
  return holder;
}

/** As on a system that tells no more of a process than its number. */
const without = (holder: LockHolder): LockHolder => ({ ...holder, boot: null, ticks: null, space: null });

/** What another process does between two calls of this one. */
function replace(lock: string, holder: LockHolder): void {
  unlinkSync(lock);
  writeFileSync(lock, JSON.stringify(holder));
}

describe("a lock", () => {
  test("that is free is taken, says by whom, and is gone when it is given back", async () => {
    expect(await lookAtLock(path)).toBeNull();
    expect(await takeLock(path, me())).toBeNull();
    expect(await inFile()).toEqual(me());
    releaseLock(path, me());
    expect(await readdir(folder)).toEqual([]);
  });

  test("that a living process holds stays its own", async () => {
    const other = await living();
    await leave(other);
    expect(await takeLock(path, me())).toEqual({ path, holder: other });
    releaseLock(path, me());
    expect(await inFile()).toEqual(other);
    expect(await readdir(folder)).toEqual(["run.lock"]);
  });

  test("is not taken twice by one process", async () => {
    expect(await takeLock(path, me())).toBeNull();
    expect(await takeLock(path, { ...me(), command: "ama-sam demo" })).toMatchObject({ path });
    expect(await inFile()).toEqual(me());
  });

  const stale: readonly (readonly [string, () => Promise<Partial<LockHolder>>])[] = [
    ["a dead process", dead],
    ["a dead process of a system that tells its number alone", async () => without(await dead())],
    ...(process.platform === "linux"
      ? ([
          ["a process whose number another one has now", async () => ({ ...(await living()), ticks: "1" })],
          [
            "a process from before the machine was started again",
            async () => ({ ...(await living()), boot: "before" }),
          ],
          ["a killed process that its parent did not notice yet", zombie],
        ] as const)
      : []),
  ];
  test.each(stale)("of %s is taken over without a trace", async (_, holder) => {
    await leave(await holder());
    expect(await lookAtLock(path)).toBe("dead");
    expect(await takeLock(path, me())).toBeNull();
    expect(await inFile()).toEqual(me());
    expect(await readdir(folder)).toEqual(["run.lock"]);
  });

  test("that tells a process's number alone is held while a process has it", async () => {
    const other = without(await living());
    await leave(other);
    expect(await takeLock(path, me())).toEqual({ path, holder: other });
  });

  const elsewhere = [{ host: `not-${hostname()}`, boot: "other" }, ...(me().space ? [{ space: "pid:[1]" }] : [])];
  test.each(elsewhere)(
    "of a process that cannot be seen, with %j, is held while it touches the lock",
    async (where) => {
      const other = { ...(await dead()), ...where };
      await leave(other);
      const beat = setInterval(() => touchLock(path), 400);
      const waits: unknown[] = [];
      const onWait = (...told: unknown[]) => waits.push(told);
      expect(await takeLock(path, me(), { quietMs: 3000, onWait })).toEqual({ path, holder: other });
      clearInterval(beat);
      expect(await inFile()).toEqual(other);
      expect(waits).toEqual([[other, 3000]]);
    },
  );

  test.each(elsewhere)(
    "of a process that cannot be seen, with %j, is taken over when nobody touches it",
    async (where) => {
      await leave({ ...(await dead()), ...where });
      expect(await lookAtLock(path, { quietMs: 600 })).toBe("dead");
      const waits: unknown[] = [];
      expect(await takeLock(path, me(), { quietMs: 600, onWait: (...told) => waits.push(told) })).toBeNull();
      expect(waits, "one wait is enough").toEqual([]);
      expect(await inFile()).toEqual(me());
      expect(await readdir(folder)).toEqual(["run.lock"]);
    },
  );
});

describe("a lock without its content", () => {
  test.each(["", '{"pid":', "[]", "null", '{"pid":0,"host":"a","started":"","command":""}'])(
    "that is old is taken over: %j",
    async (text) => {
      await writeFile(path, text);
      await utimes(path, new Date(), new Date(Date.now() - 60_000));
      const started = Date.now();
      expect(await takeLock(path, me())).toBeNull();
      expect(Date.now() - started).toBeLessThan(1000);
      expect(await inFile()).toEqual(me());
    },
  );

  test("that is young is waited for: its process writes it", async () => {
    await writeFile(path, "");
    let settled = false;
    const taken = takeLock(path, me()).finally(() => {
      settled = true;
    });
    await pause(1000);
    expect(settled).toBe(false);
    const other = await living();
    await leave(other);
    expect(await taken).toEqual({ path, holder: other });
  });

  test("that stays so is taken over, whatever the clock of its drive says", async () => {
    await writeFile(path, "");
    await utimes(path, new Date(), new Date(Date.now() + 3_600_000));
    expect(await takeLock(path, me())).toBeNull();
    expect(await inFile()).toEqual(me());
  }, 20_000);

  test("is not left where the content cannot be written", async () => {
    setFaults((point) => {
      if (point === `lock:made:${path}`) throw Object.assign(new Error("full"), { code: "ENOSPC" });
    });
    await expect(takeLock(path, me())).rejects.toMatchObject({ code: "ENOSPC" });
    expect(await readdir(folder)).toEqual([]);
  });

  test("is given up by a process that was taken for dead while it slept", async () => {
    const other = await living();
    setFaults((point) => {
      if (point !== `lock:made:${path}`) return;
      setFaults(undefined);
      replace(path, other);
    });
    expect(await takeLock(path, me())).toEqual({ path, holder: other });
  });
});

describe("a dead process's lock, by several at once", () => {
  test("is not removed when another process took it over between being seen and being removed", async () => {
    const other = await living();
    await leave(await dead());
    setFaults((point) => {
      if (point === `lock:dead:${path}`) replace(path, other);
    });
    expect(await takeLock(path, me())).toEqual({ path, holder: other });
    expect(await inFile()).toEqual(other);
    expect(await readdir(folder)).toEqual(["run.lock"]);
  });

  test("is left to the process that is taking it over", async () => {
    const other = await living();
    await leave(await dead());
    await writeFile(`${path}.takeover`, JSON.stringify(other));
    expect(await takeLock(path, me())).toEqual({ path: `${path}.takeover`, holder: other });
  });

  test("is taken over also after a process that died while it took it over", async () => {
    const gone = await dead();
    await leave(gone);
    await writeFile(`${path}.takeover`, JSON.stringify(gone));
    expect(await takeLock(path, me())).toBeNull();
    expect(await readdir(folder)).toEqual(["run.lock"]);
  });

  test("four processes race for 100 of them: each has one winner", async () => {
    const gone = await dead();
    const paths = Array.from({ length: 100 }, (_, i) => join(folder, String(i), "run.lock"));
    for (const [i, lock] of paths.entries()) {
      await mkdir(join(folder, String(i)));
      await writeFile(lock, JSON.stringify(gone));
      // Every fourth was being taken over by a process that died, too.
      if (i % 4 === 3) await writeFile(`${lock}.takeover`, JSON.stringify(gone));
    }
    const script = fileURLToPath(new URL("../test-support/lock-race.ts", import.meta.url));
    const racers = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ["--import", "tsx", script, "15", ...paths], {
        cwd: fileURLToPath(new URL(".", import.meta.url)),
        stdio: ["pipe", "pipe", "inherit"],
      });
      children.push(child);
      return child;
    });
    const says = () => Promise.all(racers.map(async ({ stdout }) => String(await once(stdout, "data"))));
    expect(await says()).toEqual(racers.map(() => "ready\n"));
    const begin = Date.now() + 200;
    for (const { stdin } of racers) stdin.write(`${begin}\n`);
    const won = (await says()).map((line) => JSON.parse(line) as number[]);
    const winners = paths.map((_, i) => racers.filter((_, racer) => won[racer]!.includes(i)));
    expect(winners.map((all) => all.length)).toEqual(paths.map(() => 1));
    // And the file is the winner's, with nothing beside it.
    for (const [i, lock] of paths.entries()) {
      expect(JSON.parse(await readFile(lock, "utf8")).pid).toBe(winners[i]![0]!.pid);
      expect(await readdir(join(folder, String(i)))).toEqual(["run.lock"]);
    }
  });
});
