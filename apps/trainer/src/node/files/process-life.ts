import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process by what tells it from all others, a later one of its number too. Linux alone tells what may be null. */
export interface ProcessIdentity {
  pid: number;
  host: string;
  /** The start of the machine that the process belongs to. */
  boot: string | null;
  /** When the process began, in clock ticks since then. */
  ticks: string | null;
  /** Which count its number is of: a container has one of its own, also where it goes by the name of its host. */
  space: string | null;
}

/** Whether a process is there; `unknown` where that cannot be seen: on another host, or in another container. */
export type Life = "alive" | "dead" | "unknown";

/** A process that runs here, this one by default. */
export function identityOf(pid = process.pid): ProcessIdentity {
  return {
    pid,
    host: hostname(),
    boot: quietly(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    ticks: statOf(pid)?.ticks ?? null,
    space: quietly(() => readlinkSync("/proc/self/ns/pid")),
  };
}

/** Whether the process that wrote this of itself is still there. */
export function lifeOf({ pid, host, boot, ticks, space }: ProcessIdentity): Life {
  const here = identityOf();
  if (host !== here.host) return "unknown";
  const differ = (then: string | null, now: string | null) => then !== null && now !== null && then !== now;
  if (differ(boot, here.boot)) return "dead";
  if (differ(space, here.space)) return "unknown";
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Anything else, such as EPERM, comes of a process that is there.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "dead";
  }
  const stat = statOf(pid);
  // Dead, but not yet taken notice of by its parent, which in a container may never happen.
  if (stat && "ZX".includes(stat.state)) return "dead";
  return differ(ticks, stat?.ticks ?? null) ? "dead" : "alive";
}

/** Linux's account of a process, null where there is none. */
function statOf(pid: number): { state: string; ticks: string } | null {
  return quietly(() => {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name, which may hold spaces and brackets; the third follows the last bracket.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, ticks: fields[19]! };
  });
}

function quietly<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
