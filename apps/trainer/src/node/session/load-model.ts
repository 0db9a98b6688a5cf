import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Device } from "@ama-sam/tensor";
import {
  type AmaSam,
  buildModel,
  type Config,
  loadBase,
  loadTrained,
  parseConfigYaml,
  resolveConfig,
  savedModelInfo,
} from "ama-sam";
import type { Command } from "commander";
import { CommandError } from "../errors";
import { type OpenWeights, openWeights } from "./base-weights";
import { readConfig } from "./config-file";

/** Where a trained model comes from. */
export interface ModelFlags {
  run?: string;
  weights?: string;
  base?: string;
}

/** A model ready to predict, and the configuration that it was trained by. */
export interface LoadedModel {
  model: AmaSam;
  config: Config;
  /** SHA-256 of the weights file. */
  sha256: string;
}

/** Adds `--run`, `--weights` and `--base`. */
export function addModelOptions(command: Command): Command {
  return command
    .option("--run <folder>", "a run folder of `ama-sam train` or `demo`")
    .option("--weights <file>", "model.safetensors of a run, in place of --run")
    .option(
      "--base <file>",
      "SAM's checkpoint, where the weights hold the trained part alone (default: as in the configuration)",
    );
}

/** What a model is made of, opened before a GPU is: a wrong path should not cost a start of one. */
export interface ModelFiles {
  config: Config;
  trained: OpenWeights;
  base: OpenWeights | null;
}

/** Opens a model's files, hands them to `use`, and closes them. */
export async function withModelFiles<T>(
  flags: ModelFlags,
  cwdPath: (path: string) => string,
  use: (files: ModelFiles) => Promise<T>,
): Promise<T> {
  const files = await openModelFiles(flags, cwdPath);
  try {
    return await use(files);
  } finally {
    await files.trained.close();
    await files.base?.close();
  }
}

async function openModelFiles(flags: ModelFlags, cwdPath: (path: string) => string): Promise<ModelFiles> {
  if ((flags.run === undefined) === (flags.weights === undefined))
    throw new CommandError("which model? Expected --run FOLDER or --weights FILE, one of them", {
      hint: "`ama-sam demo` makes a run in minutes.",
    });
  const file = flags.run === undefined ? cwdPath(flags.weights!) : await weightsOfRun(cwdPath(flags.run));
  const trained = await openWeights(file);
  let base: OpenWeights | null = null;
  try {
    const info = savedModelInfo(trained.checkpoint);
    if (!info)
      throw new CommandError(`${file}: no AMA-SAM weights`, {
        hint: "SAM's own checkpoint has no trained decoder: give it as --base.",
      });
    const config =
      flags.run === undefined
        ? resolveConfig(info.config === null ? {} : parseConfigYaml(info.config, `the header of ${file}`))
        : await readConfig(join(cwdPath(flags.run), "config.yaml"), [], cwdPath("."));
    if (info.baseSha256 !== null) {
      const { checkpoint } = config.model.init;
      // A header names the file alone: it may lie beside the weights.
      const beside = checkpoint === undefined ? undefined : resolve(dirname(file), checkpoint);
      const path = flags.base === undefined ? beside : cwdPath(flags.base);
      if (path === undefined || !(await stat(path).catch(() => null)))
        throw new CommandError(
          `${file} holds the trained part alone; SAM's checkpoint is not at ${path ?? "any known place"}`,
          {
            hint: `Give the file with SHA-256 ${info.baseSha256.slice(0, 16)}... as --base.`,
          },
        );
      base = await openWeights(path);
    }
    return { config, trained, base };
  } catch (error) {
    await trained.close();
    await base?.close();
    throw error;
  }
}

/** Builds the model and fills it. */
export async function loadModel(device: Device, { config, trained, base }: ModelFiles): Promise<LoadedModel> {
  const { checkpoint: _path, ...init } = config.model.init;
  const model = await buildModel(
    device,
    { ...config, model: { ...config.model, init } },
    base ? async () => base.checkpoint : undefined,
  );
  const kind = savedModelInfo(trained.checkpoint)?.kind;
  if (kind === "merged") await loadBase(model, trained.checkpoint);
  else await loadTrained(model, trained.checkpoint, base ? { baseSha256: base.sha256 } : {});
  return { model, config, sha256: trained.sha256 };
}

async function weightsOfRun(folder: string): Promise<string> {
  if (!(await stat(folder).catch(() => null))) throw new CommandError(`${folder}: no such run folder`);
  const file = join(folder, "model.safetensors");
  if (await stat(file).catch(() => null)) return file;
  throw new CommandError(`${folder}: no model.safetensors in this run`, {
    hint: `It is written when training ends: ama-sam train --resume ${folder}`,
  });
}
