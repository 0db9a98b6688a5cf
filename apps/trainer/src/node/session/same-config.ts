import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Config, parseConfigYaml, resolveConfig } from "ama-sam";

/** Keys that change how a run is done, not what comes out. */
const FREE = [
  "output.",
  "data.cacheMb",
  "data.workers",
  "train.checkpointEvery",
  "train.checkpointMinutes",
  "train.keepCheckpoints",
  "train.snapshotEvery",
];

/** The first key in which the run in a folder was configured otherwise, with both values; null where they agree or no run is there. */
export async function configDifference(folder: string, config: Config): Promise<string | null> {
  const path = join(folder, "config.yaml");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (text === null) return null;
  const [before, now] = [leaves(resolveConfig(parseConfigYaml(text, path))), leaves(config)];
  for (const key of new Set([...before.keys(), ...now.keys()])) {
    const [a, b] = [before.get(key), now.get(key)];
    if (a !== b && !FREE.some((free) => key.startsWith(free)))
      return `${key} was ${a ?? "not given"}, now ${b ?? "not given"}`;
  }
  return null;
}

/** Every value by its dotted key, as JSON. */
function leaves(value: unknown, key = "", found = new Map<string, string>()): Map<string, string> {
  if (typeof value === "object" && value !== null)
    for (const [name, part] of Object.entries(value)) leaves(part, key === "" ? name : `${key}.${name}`, found);
  else if (value !== undefined) found.set(key, JSON.stringify(value));
  return found;
}
