import { join } from "node:path";
import { CommandError, EXIT } from "../errors";
import {
  BEAT_MS,
  type HeldLock,
  type LockHolder,
  lookAtLock,
  peekAtLock,
  releaseLock,
  takeLock,
  touchLock,
} from "./lock-file";
import { makeFolder } from "./make-folder";
import { identityOf } from "./process-life";

const NAME = "run.lock";

/** Whether a folder entry is a lock, or one under which a dead process's lock is removed. */
export const isLock = (name: string): boolean => name === NAME || name.startsWith(`${NAME}.takeover`);

/** That one process alone writes into a run folder: `run.lock` in it, until {@link release} or the process's end. */
export class RunLock {
  readonly #path: string;
  readonly #holder: LockHolder;
  readonly #beat: NodeJS.Timeout;

  private constructor(path: string, holder: LockHolder) {
    this.#path = path;
    this.#holder = holder;
    this.#beat = setInterval(() => touchLock(path), BEAT_MS).unref();
    process.once("exit", this.release);
  }

  /**
   * Takes the lock of a run folder, which is made where it is not there. A dead process's lock is taken over.
   *
   * @param command what this process does, without the program's name
   * @param say told what is waited for: whether a process that cannot be seen from here still lives
   * @throws CommandError where another process has it, or no folder can be made; the system's own error for the file
   */
  static async take(folder: string, command: readonly string[], say?: (text: string) => void): Promise<RunLock> {
    await makeFolder(folder);
    const path = join(folder, NAME);
    const started = new Date().toISOString();
    const holder = { ...identityOf(), started, command: ["ama-sam", ...command].join(" ") };
    const other = await takeLock(path, holder, { onWait: waitText(folder, say) });
    if (other) throw isWritten(folder, other);
    return new RunLock(path, holder);
  }

  /**
   * Changes nothing, and passes where no process writes into a folder.
   *
   * @throws CommandError where one does, or may
   */
  static async refuseWritten(folder: string, say?: (text: string) => void): Promise<void> {
    const found = await lookAtLock(join(folder, NAME), { onWait: waitText(folder, say) });
    if (found !== null && found !== "dead") throw isWritten(folder, found);
  }

  /** Who writes into a folder, for people, and null for nobody; `seen` is false for a process that cannot be seen from here. */
  static writer(folder: string): { text: string; pid: number; host: string; seen: boolean } | null {
    const found = peekAtLock(join(folder, NAME));
    if (!found) return null;
    const { pid, host } = found.holder;
    return { text: holderText(found.holder), pid, host, seen: found.seen };
  }

  /** Gives the lock back; nothing may be written into the folder after it. */
  readonly release = (): void => {
    clearInterval(this.#beat);
    process.off("exit", this.release);
    releaseLock(this.#path, this.#holder);
  };
}

const MAX_COMMAND = 120;

const waitText = (folder: string, say?: (text: string) => void) => (holder: LockHolder, ms: number) =>
  say?.(`${folder}: locked by pid ${holder.pid} on ${holder.host}; waiting up to ${ms / 1000} s for a sign of life\n`);

function holderText({ pid, host, started, command }: LockHolder): string {
  const since = `${started.slice(0, 19).replace("T", " ")} UTC`;
  const what = command.length > MAX_COMMAND ? `${command.slice(0, MAX_COMMAND - 3)}...` : command;
  return `pid ${pid} on ${host}, since ${since} (${what})`;
}

function isWritten(folder: string, { holder }: HeldLock): CommandError {
  return new CommandError(`${folder}: this run is being written by another process. Got ${holderText(holder)}`, {
    hint: "Wait for it, stop it, or use another --out.",
    // Not wrong use: the same command works once the other process has ended.
    exitCode: EXIT.failure,
  });
}
