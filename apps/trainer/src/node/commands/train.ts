import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Config, configReference, parseConfigYaml, resolveConfig } from "ama-sam";
import { type AddCommand, pathFrom, repeated, wholeNumber } from "../command";
import { CommandError, EXIT } from "../errors";
import { durationText, parseDuration, percent } from "../output/text";
import { readConfig, withSets } from "../session/config-file";
import { addAdapterOption } from "../session/device";
import { trainRun } from "../session/train-run";

interface TrainFlags {
  set?: string[];
  out?: string;
  resume?: string;
  overwrite?: boolean;
  maxTime?: string;
  adapter?: string;
  probeEvery?: number;
  json?: boolean;
  keys?: boolean;
}

/** Keys that a resumed run may change: they say how long and how often, not what is computed. */
const MAY_CHANGE = [
  "train.checkpointEvery",
  "train.checkpointMinutes",
  "train.keepCheckpoints",
  "train.snapshotEvery",
  "data.workers",
  "data.cacheMb",
  "output.",
];

/** `ama-sam train`: trains by a configuration. */
export const addTrain: AddCommand = (program, { io, run }) => {
  const command = program
    .command("train")
    .summary("train by a configuration file")
    .description(
      "Trains AMA-SAM into a run folder: resolved configuration, metrics (CSV, JSON lines, TensorBoard), checkpoints, previews, scores on " +
        "the test images, report.html and MODEL_CARD.md. Ctrl-C finishes the step, saves, and says how to go on.",
    )
    .argument("[config]", "a YAML file, such as configs/nano.yaml (not needed with --resume)")
    .option("--set <key=value>", "change a key of the configuration; may be repeated", repeated)
    .option("--out <folder>", "run folder (default: from output.dir and output.name)")
    .option("--resume <folder>", "go on with the run in this folder, to the same end as if it had never stopped")
    .option("--overwrite", "replace the run in the folder")
    .option("--max-time <time>", "save and stop after this time, such as 20h, 90m or 45 (minutes), with exit code 75")
    .option(
      "--probe-every <steps>",
      "the key train.probeEvery: test every so many steps how well features tell the domains apart; 0: only at the end (default: a quarter of the run)",
      wholeNumber("--probe-every", 0),
    )
    .option("--json", "print events as JSON lines")
    .option("--keys", "list every key of the configuration with its meaning and default");
  addAdapterOption(command)
    .addHelpText(
      "after",
      "\nExamples:\n  ama-sam train configs/nano.yaml --set train.lr=5e-4\n  ama-sam train --resume runs/nano",
    )
    .action(
      run(async (file: string | undefined, flags: TrainFlags) => {
        if (flags.keys) {
          io.out(keysText());
          return EXIT.ok;
        }
        const maxSeconds = flags.maxTime === undefined ? undefined : parseDuration(flags.maxTime);
        if (maxSeconds === null || maxSeconds === 0)
          throw new CommandError(
            `--max-time takes a time such as 20h, 90m or 1h30m. Got ${JSON.stringify(flags.maxTime)}`,
          );
        const { config, folder } = flags.resume === undefined ? await fresh(file, flags) : await resumed(file, flags);
        const result = await trainRun({
          io,
          config,
          folder,
          resume: flags.resume !== undefined,
          overwrite: flags.overwrite ?? false,
          ...(flags.adapter !== undefined && { adapter: flags.adapter }),
          ...(maxSeconds !== undefined && { maxSeconds }),
          ...(flags.json && { progress: "json" as const }),
          command: [
            "train",
            ...(file === undefined ? [] : [file]),
            ...setsOf(flags).flatMap((set) => ["--set", set]),
            ...(flags.adapter === undefined ? [] : ["--adapter", flags.adapter]),
          ],
        });
        if (result.exitCode !== EXIT.ok) return result.exitCode;
        const { test, step, seconds } = result;
        const scores = test ? { dsc: test.mean.dsc, aji: test.mean.aji, pq: test.mean.pq } : null;
        if (flags.json)
          io.out(`${JSON.stringify({ type: "result", folder: result.folder, step, seconds, test: scores })}\n`);
        else {
          const line = scores
            ? `, test DSC ${percent(scores.dsc)} %, AJI ${percent(scores.aji)} %, PQ ${percent(scores.pq)} %`
            : "";
          io.out(`${step} steps in ${durationText(seconds)}${line}\n${join(result.folder, "report.html")}\n`);
        }
        return EXIT.ok;
      }),
    );

  const fresh = async (file: string | undefined, flags: TrainFlags): Promise<{ config: Config; folder: string }> => {
    if (file === undefined)
      throw new CommandError("no configuration. Expected a YAML file, or --resume FOLDER", {
        hint: "ama-sam train configs/nano.yaml",
      });
    const config = await readConfig(pathFrom(io, file), setsOf(flags), io.cwd);
    const name = config.output.name ?? `${basename(file).replace(/\.ya?ml$/, "")}-${timeStamp(new Date())}`;
    return {
      config,
      folder: flags.out === undefined ? pathFrom(io, join(config.output.dir, name)) : pathFrom(io, flags.out),
    };
  };

  const resumed = async (file: string | undefined, flags: TrainFlags): Promise<{ config: Config; folder: string }> => {
    if (file !== undefined)
      throw new CommandError("--resume takes the configuration of its run", {
        hint: "Leave out the YAML file; keys may be changed with --set.",
      });
    if (flags.out !== undefined) throw new CommandError("--resume goes on in its own folder. Leave out --out");
    if (flags.overwrite) throw new CommandError("--resume and --overwrite contradict each other");
    const folder = pathFrom(io, flags.resume!);
    const path = join(folder, "config.yaml");
    if (!(await stat(path).catch(() => null)))
      throw new CommandError(`${folder}: no run to resume here (no config.yaml)`);
    const refused = (flags.set ?? []).find((set) => !MAY_CHANGE.some((key) => set.startsWith(key)));
    if (refused)
      throw new CommandError(`--set ${refused}: a resumed run keeps its configuration`, {
        hint: `Only these may change: ${MAY_CHANGE.join(", ")}`,
      });
    const config = resolveConfig(withSets(parseConfigYaml(await readFile(path, "utf8"), path), flags.set ?? []));
    const { probeEvery } = config.train;
    if (flags.probeEvery !== undefined && flags.probeEvery !== probeEvery)
      throw new CommandError(
        `--probe-every ${flags.probeEvery}: a resumed run keeps its configuration, train.probeEvery is ${probeEvery}`,
        { hint: "Leave the option out." },
      );
    return { config, folder };
  };
};

/** Every change of the configuration on the command line. */
const setsOf = ({ set = [], probeEvery }: TrainFlags): string[] => [
  ...set,
  ...(probeEvery === undefined ? [] : [`train.probeEvery=${probeEvery}`]),
];

function timeStamp(date: Date): string {
  return date.toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
}

function keysText(): string {
  return configReference()
    .map(({ key, type, default: value, text }) => `${key}: ${type}${value === "" ? "" : ` = ${value}`}\n    ${text}\n`)
    .join("");
}
