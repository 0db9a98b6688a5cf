import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { applySet, type Config, type ConfigInput, parseConfigYaml, resolveConfig } from "ama-sam";
import { CommandError } from "../errors";

/**
 * Reads a YAML configuration, applies `--set` and fills in every default.
 *
 * Paths in the file start from the file's folder, paths of `--set` from `cwd`; the result holds absolute ones, so that a run folder
 * can be resumed from anywhere.
 */
export async function readConfig(file: string, sets: readonly string[], cwd: string): Promise<Config> {
  const input = parseConfigYaml(await readText(file), file);
  return resolveConfig(absolutePaths(withSets(absolutePaths(input, dirname(file)), sets), cwd));
}

/** A complete configuration with `--set` applied; new paths start from `cwd`. */
export function absoluteConfig(config: Config, sets: readonly string[], cwd: string): Config {
  return resolveConfig(absolutePaths(withSets(config as ConfigInput, sets), cwd));
}

/** A configuration with `key=value` assignments applied in order. */
export function withSets(input: ConfigInput, sets: readonly string[]): ConfigInput {
  return sets.reduce((config, assignment) => applySet(config, assignment), input);
}

function absolutePaths(input: ConfigInput, folder: string): ConfigInput {
  const config = structuredClone(input);
  const { data, model, output } = config;
  for (const set of [data?.primary, ...(data?.auxiliary ?? [])]) {
    if (!set) continue;
    set.path = resolve(folder, set.path);
    if (set.split?.endsWith(".json")) set.split = resolve(folder, set.split);
  }
  if (typeof data?.sampler === "object" && "order" in data.sampler)
    data.sampler.order = resolve(folder, data.sampler.order);
  if (model?.init?.checkpoint) model.init.checkpoint = resolve(folder, model.init.checkpoint);
  if (output?.dir) output.dir = resolve(folder, output.dir);
  return config;
}

/** A text file; the error names it, which Node's own does not for a folder. */
export async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "EISDIR") throw new CommandError(`${path}: this is a folder. Expected a file`, { cause });
    throw cause;
  });
}
