import { closeSync, fstatSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { reach } from "../faults";
import { lifeOf, type ProcessIdentity } from "./process-life";

/** What a lock file says: who holds the lock. */
export interface LockHolder extends ProcessIdentity {
  /** When it took the lock: an ISO date. */
  started: string;
  /** What it does, for people. */
  command: string;
}

/** A lock that somebody holds. */
export interface HeldLock {
  /** The file. */
  path: string;
  holder: LockHolder;
}

/** How to look at a lock. */
export interface LookOptions {
  /** A process that cannot be seen from here is dead when its lock was not touched for so long. Default {@link QUIET_MS}. */
  quietMs?: number;
  /** Told when a wait for that begins. */
  onWait?: (holder: LockHolder, quietMs: number) => void;
}

/** How often a holder touches its lock, and how long one may be without: a step that blocks a process takes less. */
export const BEAT_MS = 5000;
export const QUIET_MS = 90_000;

/** A file without its content is being written for so long at most; after that its writer is dead. */
const TORN_MS = 3000;
const LOOK_EVERY_MS = 50;
const BEAT_LOOK_MS = 250;

/** When the locks that were found quiet were last touched: one wait for each is enough. */
const quietLocks = new Map<string, number>();

/**
 * Takes a lock, also one that a dead process left. Of several processes that try at once one gets it.
 *
 * @returns null when it is taken, who has it otherwise
 * @throws the system's own error where the file cannot be made, read or removed
 */
export async function takeLock(path: string, holder: LockHolder, options: LookOptions = {}): Promise<HeldLock | null> {
  for (;;) {
    if (create(path, textOf(holder))) return null;
    const found = await lookAtLock(path, options);
    const held = found === "dead" ? await removeDead(path, holder, options) : found;
    if (held) return held;
  }
}

/**
 * Who has a lock: null for nobody, `dead` for a process that is gone. Waits for one that is just being made, and for a sign of a process
 * that cannot be seen: on another host, or in another container.
 *
 * @throws the system's own error where the file cannot be read
 */
export async function lookAtLock(path: string, options: LookOptions = {}): Promise<HeldLock | "dead" | null> {
  // Counted here too: the clock of a network drive may be ahead of this one.
  for (let waited = 0; ; waited += LOOK_EVERY_MS) {
    try {
      const holder = holderOf(readFileSync(path, "utf8"));
      if (holder) {
        const life = lifeOf(holder);
        const dead = life === "dead" || (life === "unknown" && (await isQuiet(path, holder, options)));
        return dead ? "dead" : { path, holder };
      }
      if (Math.max(waited, Date.now() - statSync(path).mtimeMs) >= TORN_MS) return "dead";
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
    await pause(LOOK_EVERY_MS);
  }
}

/** Who has a lock, as far as one look tells: null for nobody that lives. Errors as of reading it. */
export function peekAtLock(path: string): { holder: LockHolder; seen: boolean } | null {
  try {
    const holder = holderOf(readFileSync(path, "utf8"));
    const life = holder ? lifeOf(holder) : "dead";
    return holder && life !== "dead" ? { holder, seen: life === "alive" } : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Whether nobody touches a lock for as long as its holder, if alive, would. Errors as of reading it. */
async function isQuiet(
  path: string,
  holder: LockHolder,
  { quietMs = QUIET_MS, onWait }: LookOptions,
): Promise<boolean> {
  const first = touchedAt(path);
  if (quietLocks.get(path) === first) return true;
  onWait?.(holder, quietMs);
  // No clock is read: that of a network drive need not agree with this one.
  for (let waited = 0; waited < quietMs; waited += BEAT_LOOK_MS) {
    await pause(Math.min(BEAT_LOOK_MS, quietMs));
    if (touchedAt(path) !== first) return false;
  }
  quietLocks.set(path, first);
  return true;
}

/** When a lock was last touched. Opened for it, because a network drive tells old times of files that are not. */
function touchedAt(path: string): number {
  const fd = openSync(path, "r");
  try {
    return fstatSync(fd).mtimeMs;
  } finally {
    closeSync(fd);
  }
}

/** Touches a lock, for those who cannot see its process. What fails is tried again at the next beat. */
export function touchLock(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {}
}

/** Gives a lock back, where it is still this holder's. What fails is of no account: it ends with its process anyway. */
export function releaseLock(path: string, holder: LockHolder): void {
  try {
    if (readFileSync(path, "utf8") === textOf(holder)) rmSync(path);
  } catch {}
}

const textOf = (holder: LockHolder): string => `${JSON.stringify(holder, null, 2)}\n`;

function create(path: string, text: string): boolean {
  reach(`lock:begin:${path}`);
  let fd: number;
  try {
    fd = openSync(path, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  try {
    reach(`lock:made:${path}`);
    writeFileSync(fd, text);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  // A process that slept between the two may have been taken for dead.
  try {
    return readFileSync(path, "utf8") === text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/**
 * Removes a lock whose process is dead, under a lock of its own: of two that saw it dead, the later one would remove
 * what the earlier one has taken by then. That lock is one like any other, so one left by a process that died here is
 * removed in the same way.
 *
 * @returns who else is removing it, null where the lock may be tried again
 */
async function removeDead(path: string, holder: LockHolder, options: LookOptions): Promise<HeldLock | null> {
  reach(`lock:dead:${path}`);
  const guard = `${path}.takeover`;
  const other = await takeLock(guard, holder, options);
  if (other) return other;
  try {
    if ((await lookAtLock(path, options)) === "dead") rmSync(path, { force: true });
  } finally {
    releaseLock(guard, holder);
  }
  return null;
}

/** The holder in a lock file's text; null where a part of it is missing. */
function holderOf(text: string): LockHolder | null {
  try {
    const holder = JSON.parse(text) as LockHolder;
    const { pid, host, started, command, boot = null, ticks = null, space = null } = holder;
    // No other number names a process: 0 and less are groups.
    if (!Number.isInteger(pid) || pid <= 0 || pid > 2 ** 31 - 1) return null;
    if ([host, started, command].some((word) => typeof word !== "string")) return null;
    return { pid, host, started, command, boot, ticks, space };
  } catch {
    return null;
  }
}
