import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { hostname, tmpdir, uptime } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { sleeper } from "../test-support/sleeper";
import { identityOf, lifeOf } from "./process-life";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

test("a process lives until it is killed", async () => {
  const child = await sleeper();
  children.push(child);
  const identity = identityOf(child.pid);
  expect(identity).toMatchObject({ pid: child.pid, host: hostname() });
  expect([lifeOf(identityOf()), lifeOf(identity)]).toEqual(["alive", "alive"]);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(lifeOf(identity)).toBe("dead");
});

describe.runIf(process.platform === "linux")("on Linux", () => {
  test("the start of a process is its own, in hundredths of a second, and does not move", async () => {
    const { ticks } = identityOf();
    expect(Number(ticks) / 100).toBeCloseTo(uptime() - process.uptime(), -1);
    const child = await sleeper();
    children.push(child);
    expect(Number(identityOf(child.pid).ticks)).toBeGreaterThan(Number(ticks));
    expect(identityOf().ticks).toBe(ticks);
  });

  test("a program's name does not confuse it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ama-sam-life-"));
    const program = join(folder, "a) Z 1 (b");
    await symlink(process.execPath, program);
    const child = await sleeper(program);
    children.push(child);
    await rm(folder, { recursive: true });
    const identity = identityOf(child.pid);
    expect(Number(identity.ticks)).toBeGreaterThanOrEqual(Number(identityOf().ticks));
    expect(lifeOf(identity)).toBe("alive");
  });

  test("a process of another user is there, although it may not be asked", () => {
    // The first process of the machine is root's; as root it answers, else it says EPERM.
    expect(lifeOf(identityOf(1))).toBe("alive");
  });

  test("another start of the machine, or of a process, is another process", () => {
    const me = identityOf();
    expect(lifeOf({ ...me, ticks: "1" })).toBe("dead");
    expect(lifeOf({ ...me, boot: "another" })).toBe("dead");
    expect(lifeOf({ ...me, boot: null, ticks: null, space: null })).toBe("alive");
    expect(lifeOf({ ...me, host: `${me.host}-2`, boot: "another" })).toBe("unknown");
    if (me.space) expect(lifeOf({ ...me, space: "pid:[1]" })).toBe("unknown");
  });
});
