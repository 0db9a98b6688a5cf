import { constants } from "node:os";

/**
 * Named moments at which a test, or `AMA_SAM_FAULT`, breaks a run: the power goes, the disk is full.
 *
 * Points: `write:STAGE:PATH` (see `writeAtomic`), `append:half:PATH` (half of a row is in the file), `remove:PATH`, `run:start`,
 * `lock:begin:PATH`, `lock:made:PATH` (the file is there, empty), `lock:dead:PATH` (one of a dead process was found),
 * `event:TYPE` (an event was recorded), `validation:image`, `probe`, `finish:weights`, `finish:report`, `run:end`.
 */
export type FaultHook = (point: string) => void;

let hook: FaultHook | undefined;

/** Tells that a run is at a point. Costs nothing where nobody listens. */
export function reach(point: string): void {
  hook?.(point);
}

/** Whether somebody listens: for points that cost something to offer. */
export const isArmed = (): boolean => hook !== undefined;

/** Sets the hook, or clears it. What it throws is what a failure there would be. */
export function setFaults(next: FaultHook | undefined): void {
  hook = next;
}

interface Fault {
  action: string;
  delayMs: number;
  pattern: RegExp;
  /** Strikes at this visit, counted from 1. */
  at: number;
  /** And at all later ones. */
  stays: boolean;
  seen: number;
}

/**
 * Reads `AMA_SAM_FAULT`: faults as `ACTION@POINT`, separated by commas. ACTION is `kill` (SIGKILL), `kill~20` (20 ms later), `trace`
 * (prints the point) or an error of the system such as `ENOSPC`. POINT may hold `*`; `#3` at its end means the third visit, `#3+` also
 * all later ones.
 *
 * @example AMA_SAM_FAULT='kill@write:synced:*\/model.safetensors#2' ama-sam train configs/nano.yaml
 */
export function faultsFromText(text: string, print: (line: string) => void): FaultHook {
  const faults = text.split(",").map((one): Fault => {
    const match = /^(kill|trace|E[A-Z]+)(?:~(\d+))?@(.+?)(?:#(\d+)(\+?))?$/.exec(one.trim());
    if (!match) throw new Error(`AMA_SAM_FAULT: not a fault. Got ${one}. Expected such as kill@event:step#3`);
    const [, action, delay, point, at, stays] = match;
    const source = point!.replace(/[.+^${}()|[\]\\?]/g, "\\$&").replace(/\*/g, ".*");
    return {
      action: action!,
      delayMs: Number(delay ?? 0),
      pattern: new RegExp(`^${source}$`),
      at: Number(at ?? 1),
      stays: stays === "+",
      seen: 0,
    };
  });
  return (point) => {
    for (const fault of faults) {
      if (!fault.pattern.test(point)) continue;
      fault.seen++;
      if (fault.action === "trace") print(`fault point ${point}`);
      else if (fault.seen === fault.at || (fault.stays && fault.seen > fault.at)) strike(fault, point);
    }
  };
}

function strike({ action, delayMs }: Fault, point: string): void {
  if (action === "kill") {
    if (delayMs > 0) setTimeout(() => process.kill(process.pid, "SIGKILL"), delayMs);
    else process.kill(process.pid, "SIGKILL");
    return;
  }
  const errno = (constants.errno as Record<string, number>)[action] ?? 0;
  const path = /\/.*/.exec(point)?.[0];
  throw Object.assign(new Error(`${action}: injected, ${point}`), {
    code: action,
    errno: -errno,
    ...(path && { path }),
  });
}
