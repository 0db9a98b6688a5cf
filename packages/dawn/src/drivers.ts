import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";

/** Which Vulkan drivers an instance sees: what the environment says, or exactly these ICD files. */
export type Drivers = "environment" | readonly string[];

/** Older loaders read the second name only; newer ones prefer the first. */
const NAMES = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] as const;
/** Filters that would hide or add drivers. */
const FILTERS = ["VK_ADD_DRIVER_FILES", "VK_LOADER_DRIVERS_SELECT", "VK_LOADER_DRIVERS_DISABLE"] as const;

/** Whether the user has chosen the Vulkan drivers by the loader's own variables. */
export function driversAreSet(env: NodeJS.ProcessEnv = process.env): boolean {
  return NAMES.some((name) => env[name]);
}

/**
 * Runs `fn` while the environment names these drivers, then puts it back, so that child processes and later instances see what
 * the user set. The loader reads the variables when Dawn makes its Vulkan instance, within the synchronous part of the first
 * `requestAdapter`.
 */
export function withDrivers<T>(drivers: Drivers, fn: () => T): T {
  if (drivers === "environment") return fn();
  const names = [...NAMES, ...FILTERS];
  const old = names.map((name) => process.env[name]);
  for (const name of NAMES) process.env[name] = drivers.join(":");
  for (const name of FILTERS) delete process.env[name];
  try {
    return fn();
  } finally {
    names.forEach((name, i) => {
      const value = old[i];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    });
  }
}

/** Standard folders of ICD files, in the loader's order. */
function icdFolders(env: NodeJS.ProcessEnv): string[] {
  const data = env.XDG_DATA_HOME || join(homedir(), ".local", "share");
  const roots = ["/etc/xdg", "/etc", data, ...(env.XDG_DATA_DIRS || "/usr/local/share:/usr/share").split(":")];
  return [...new Set(roots.filter(Boolean).map((root) => join(root, "vulkan", "icd.d")))];
}

const ICD_ARCH: Record<string, RegExp> = { x64: /x86_64|amd64/, arm64: /aarch64|arm64/ };
const ANY_ARCH = /x86_64|amd64|i[3-6]86|aarch64|arm64|armhf/;

/** Whether a file is an ICD description for this processor. */
function isIcd(path: string): boolean {
  const name = basename(path);
  if (!name.endsWith(".json") || (ANY_ARCH.test(name) && !ICD_ARCH[process.arch]?.test(name))) return false;
  try {
    return typeof JSON.parse(readFileSync(path, "utf8")).ICD?.library_path === "string";
  } catch {
    return false; // not an ICD file, or not ours to read
  }
}

function icdsIn(folders: readonly string[]): string[] {
  return folders.flatMap((folder) => {
    try {
      return readdirSync(folder)
        .sort()
        .map((name) => join(folder, name))
        .filter(isIcd);
    } catch {
      return []; // no such folder
    }
  });
}

/**
 * Whether there is any driver to look for. Off Linux the system knows; on Linux Dawn and the loader print several lines about
 * finding nothing, which a machine without drivers should not show.
 */
export function findDrivers(env: NodeJS.ProcessEnv = process.env): boolean {
  const named = driversAreSet(env) || Boolean(env.VK_ADD_DRIVER_FILES);
  return process.platform !== "linux" || named || icdsIn(icdFolders(env)).length > 0;
}

/** Drivers where container hosts mount them and no loader looks. None if the user has chosen drivers. */
export function findExtraDrivers(env: NodeJS.ProcessEnv = process.env): string[] {
  if (process.platform !== "linux" || driversAreSet(env)) return [];
  return icdsIn(["/usr/local/nvidia/share/vulkan/icd.d", "/usr/local/nvidia/vulkan/icd.d"]);
}

/** ICD files of Mesa's lavapipe for this processor, in what the environment names and in the standard folders. */
export function findLavapipe(env: NodeJS.ProcessEnv = process.env): string[] {
  if (process.platform !== "linux") return [];
  const named = NAMES.flatMap((name) => (env[name] ?? "").split(":").filter(isIcd));
  const all = [...named, ...icdsIn(icdFolders(env))].filter((path) => basename(path).startsWith("lvp_icd"));
  // The first only: the same driver twice would be two equal adapters.
  return all.slice(0, 1);
}
