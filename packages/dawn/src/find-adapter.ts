import { isMainThread } from "node:worker_threads";
import { bundledDrivers, prepareLoader } from "./bundled";
import { type AdapterDescription, describe, matches } from "./describe";
import { type Drivers, driversAreSet, findDrivers, findExtraDrivers, findLavapipe } from "./drivers";
import { AdapterError } from "./errors";
import { bundledFlags, type Lease, lease } from "./instance";
import { type Surveyed, survey } from "./survey";

/** Whether a software adapter may, must not, or must be taken. */
export type SoftwareChoice = "auto" | "never" | "always";

/** What {@link findAdapter} looks for. */
export interface AdapterWish {
  /** `hardware`, `lavapipe`, `swiftshader`, a part of a name in any case, or an index into `listAdapters()`. */
  adapter?: string | number;
  software: SoftwareChoice;
  flags: readonly string[];
}

/** An adapter and what is known of it. */
export interface FoundAdapter {
  info: AdapterDescription;
  lease: Lease;
}

const OP = "openGpu";

function opened(held: Lease | null): FoundAdapter | null {
  return held && { info: describe(held.adapter.info), lease: held };
}

function label(info: AdapterDescription): string {
  return `${info.name} (${info.kind})`;
}

/** Opens all adapters, takes their names, and lets them go. */
async function namesHere(flags: readonly string[]): Promise<string[]> {
  const all = await survey(flags).catch(() => []);
  for (const it of all) it.lease.release();
  return all.map(label);
}

function offer(names: readonly string[]): string {
  return names.length === 0
    ? "This machine offers no adapter"
    : `This machine offers ${names.map((it, i) => `${i}: ${it}`).join("; ")}`;
}

async function findLavapipeAdapter(flags: readonly string[]): Promise<FoundAdapter | null> {
  const drivers = findLavapipe();
  if (drivers.length === 0) return null;
  return opened(await lease({ drivers, flags }));
}

/** @throws AdapterError where it cannot be provided */
async function findSwiftShader(flags: readonly string[]): Promise<FoundAdapter> {
  const drivers: Drivers = await bundledDrivers();
  const found = opened(await lease({ drivers, flags: bundledFlags(flags) }));
  if (found?.info.software === "swiftshader") return found;
  found?.lease.release();
  // A worker thread has its own copy of the environment; native code does not see what is set there.
  const hint = isMainThread
    ? ""
    : " In a worker thread: start it with `env: SHARE_ENV`, or open the device on the main thread.";
  throw new AdapterError(
    OP,
    "bundle",
    `the bundled SwiftShader did not answer. Got ${found ? label(found.info) : "no adapter"}.${hint}`,
  );
}

async function findHardware(
  flags: readonly string[],
): Promise<{ hardware: FoundAdapter | null; software: FoundAdapter | null }> {
  const first = findDrivers() ? opened(await lease({ drivers: "environment", flags })) : null;
  if (first?.info.kind === "hardware") return { hardware: first, software: null };
  const extra = findExtraDrivers();
  if (extra.length > 0) {
    const second = opened(await lease({ drivers: extra, flags }));
    if (second?.info.kind === "hardware") {
      first?.lease.release();
      return { hardware: second, software: null };
    }
    second?.lease.release();
  }
  return { hardware: null, software: first };
}

async function findSoftware(flags: readonly string[]): Promise<FoundAdapter> {
  // What the user set for the loader counts before the standard folders; off Linux the system may have one of its own.
  if (driversAreSet() || process.platform !== "linux") {
    const set = opened(await lease({ drivers: "environment", flags, fallback: true }));
    if (set) return set;
  }
  return (await findLavapipeAdapter(flags)) ?? (await findSwiftShader(flags));
}

async function findNamed(
  wanted: string | number,
  software: SoftwareChoice,
  flags: readonly string[],
): Promise<FoundAdapter> {
  const all = await survey(flags);
  const isIndex = typeof wanted === "number" || /^\d+$/.test(wanted);
  const fits = (it: Surveyed, i: number) => (isIndex ? i === Number(wanted) : matches(it, it.dawnName, String(wanted)));
  const chosen = all.find(fits);
  for (const it of all) if (it !== chosen) it.lease.release();
  const names = all.map(label);
  if (!chosen) {
    throw new AdapterError(
      OP,
      "not-found",
      `no such adapter. Got adapter ${JSON.stringify(wanted)}. Expected "hardware", "lavapipe", "swiftshader", a part of a name or an index. ${offer(names)}.`,
      names,
    );
  }
  if ((software === "never" && chosen.kind === "software") || (software === "always" && chosen.kind === "hardware")) {
    chosen.lease.release();
    throw contradiction(wanted, software);
  }
  return { info: chosen, lease: chosen.lease };
}

function contradiction(wanted: string | number, software: SoftwareChoice): AdapterError {
  return new AdapterError(
    OP,
    "options",
    `the two choices contradict each other. Got adapter ${JSON.stringify(wanted)} with software "${software}". Expected one of them, or both to agree. The adapter may come from the environment variable AMA_SAM_ADAPTER.`,
  );
}

/**
 * Finds an adapter: the one named, else hardware, else what the system has in software, else the bundled SwiftShader.
 * @throws AdapterError, with what this machine offers
 */
export async function findAdapter({ adapter, software, flags }: AdapterWish): Promise<FoundAdapter> {
  const wanted = typeof adapter === "string" ? adapter.trim() : adapter;
  const word = typeof wanted === "string" ? wanted.toLowerCase() : "";
  const loaderProblem = await prepareLoader();
  if (wanted !== undefined && wanted !== "" && word !== "hardware") {
    const isSoftwareWord = word === "swiftshader" || word === "lavapipe" || word === "llvmpipe";
    if (isSoftwareWord && software === "never") throw contradiction(wanted, software);
    if (word === "swiftshader") return findSwiftShader(flags);
    if (!isSoftwareWord) return findNamed(wanted, software, flags);
    const found = await findLavapipeAdapter(flags);
    if (found?.info.software === "lavapipe") return found;
    found?.lease.release();
    const files = findLavapipe();
    throw new AdapterError(
      OP,
      "not-found",
      files.length > 0
        ? `lavapipe is installed, but Dawn refuses it. Got ${files.join(", ")}. Expected Mesa 23 or newer.`
        : "lavapipe is not installed. Got no lvp_icd*.json in the standard folders. Expected Mesa 23 or newer (on Debian and Ubuntu: mesa-vulkan-drivers).",
      await namesHere(flags),
    );
  }
  if (word === "hardware" && software === "always") throw contradiction(word, software);
  if (software === "always") return findSoftware(flags);
  const found = await findHardware(flags);
  if (found.hardware) return found.hardware;
  if (software === "never" || word === "hardware") {
    found.software?.lease.release();
    const names = await namesHere(flags);
    const why = loaderProblem ? ` Also, ${loaderProblem}.` : "";
    throw new AdapterError(
      OP,
      "not-found",
      `no hardware adapter. ${offer(names)}.${why} Install the GPU's Vulkan driver, or allow software.`,
      names,
    );
  }
  return found.software ?? findSoftware(flags);
}
