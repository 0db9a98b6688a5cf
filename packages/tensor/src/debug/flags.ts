/** Debug flags; the only file of the core that reads the environment. */
export interface Flags {
  /** 0 to 4; each level contains the last: adapter and compiles, one line per kernel, choices and scopes, final WGSL. */
  debug: number;
  /** Comma-separated kernel keys with `*`; limits the printed lines. */
  filter: string;
  /** Stop at the first output that holds NaN or infinity. */
  nan: boolean;
  /** Compare every op's result with its float64 reference. */
  validate: boolean;
  /** Keep bytes by tag and the op that holds the peak. */
  mem: boolean;
  /** File that receives a Chrome trace (opens in Perfetto), or "" for none. */
  trace: string;
  /** Kernel families to force, by op: `matmul:tile,attention:plain`; "" leaves the choice to the ops. */
  family: string;
  /** Most GFLOP that one launch of a product or of attention may have; larger ones are cut into pieces. */
  launchGflop: number;
}

type Environment = Record<string, string | undefined>;

/** A variable; none where there is no environment, or no right to read it (Deno without --allow-env). */
function variable(name: string): string | undefined {
  try {
    return (globalThis as { process?: { env?: Environment } }).process?.env?.[name];
  } catch {
    return undefined;
  }
}

function fromEnvironment(): Flags {
  const on = (name: string) => ![undefined, "", "0"].includes(variable(name));
  const gflop = Number(variable("TENSOR_LAUNCH_GFLOP"));
  return {
    debug: Number(variable("TENSOR_DEBUG") ?? 0) || 0,
    filter: variable("TENSOR_FILTER") ?? "",
    nan: on("TENSOR_NAN"),
    validate: on("TENSOR_VALIDATE"),
    mem: on("TENSOR_MEM"),
    trace: variable("TENSOR_TRACE") ?? "",
    family: variable("TENSOR_FAMILY") ?? "",
    launchGflop: gflop > 0 ? gflop : 100,
  };
}

/** The flags in force: from `TENSOR_*` at start, then from `setFlags` and `withFlags`. */
export const flags: Flags = /* @__PURE__ */ fromEnvironment();

/** Changes flags for the rest of the process. */
export function setFlags(values: Partial<Flags>): void {
  Object.assign(flags, values);
}

/** Runs `fn` (sync or async) under changed flags and puts the old ones back. */
export async function withFlags<T>(values: Partial<Flags>, fn: () => T | Promise<T>): Promise<T> {
  const old = { ...flags };
  Object.assign(flags, values);
  try {
    return await fn();
  } finally {
    Object.assign(flags, old);
  }
}

/** The family that `TENSOR_FAMILY` names for an op, or undefined. */
export function forcedFamily(op: string): string | undefined {
  if (!flags.family) return undefined;
  for (const part of flags.family.split(",")) {
    const [name, family] = part.split(":").map((it) => it.trim());
    if (name === op && family) return family;
  }
  return undefined;
}

/** Whether a kernel key passes `TENSOR_FILTER`. */
export function matchesFilter(key: string): boolean {
  if (!flags.filter) return true;
  return flags.filter.split(",").some((pattern) => {
    const [head, ...rest] = pattern.trim().split("*");
    let at = key.startsWith(head) ? head.length : -1;
    for (const part of rest) {
      if (at < 0) break;
      const found = key.indexOf(part, at);
      at = found < 0 ? -1 : found + part.length;
    }
    return at >= 0;
  });
}

/** @internal One line of debug output, on stderr (the console in a browser). */
export function say(text: string): void {
  console.error(`[tensor] ${text}`);
}
