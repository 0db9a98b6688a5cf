import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Config, configToYaml } from "ama-sam";
import { type AddCommand, pathFrom, repeated } from "../command";
import { CommandError, EXIT } from "../errors";
import { NodeStorage } from "../files/node-storage";
import type { Io } from "../io";
import { reportOfFolder } from "../output/report/report-folder";
import { percent, textTable } from "../output/text";
import { absoluteConfig } from "../session/config-file";
import { addAdapterOption, withDevice } from "../session/device";
import { environmentOf } from "../session/environment";
import { evaluateInto } from "../session/evaluation";
import { addModelOptions, loadModel, type ModelFiles, type ModelFlags, withModelFiles } from "../session/load-model";
import { openRunData, type RunData } from "../session/open-data";
import { addShardOption, shardName, shardOf, shareOf } from "../session/shard";

interface EvaluateFlags extends ModelFlags {
  data?: string;
  split?: string;
  set?: string[];
  out?: string;
  baselines: boolean;
  overwrite?: boolean;
  shard?: string;
  adapter?: string;
  json?: boolean;
}

/** `ama-sam evaluate`: scores a model on annotated images. */
export const addEvaluate: AddCommand = (program, { io, run }) => {
  const command = program
    .command("evaluate")
    .summary("score a model on annotated images")
    .description(
      "Scores a trained model on the test images of its primary data set, or of another one: DSC, mIoU, F1, HD, AJI, DQ, SQ, PQ, by image and " +
        "as means, with a report. Two evaluations on the same images can be tested against each other by `ama-sam compare`.",
    )
    .option("--data <folder>", "another data set, or a manifest of `ama-sam prepare`")
    .option("--split <part>", "which part of the split is scored (default: as configured, test)")
    .option(
      "--set <key=value>",
      "change a key of the configuration, such as eval.instances=watershed; may be repeated",
      repeated,
    )
    .option("--out <folder>", "where the scores go", "evaluation")
    .option("--no-baselines", "leave out the classical methods")
    .option("--overwrite", "replace an evaluation that is there")
    .option("--json", "print the means as JSON");
  addAdapterOption(addShardOption(addModelOptions(command)))
    .addHelpText("after", "\nExample: ama-sam evaluate --run runs/demo --data ~/data/mine --out scores")
    .action(
      run((flags: EvaluateFlags) =>
        withModelFiles(
          flags,
          (path) => pathFrom(io, path),
          (files) => evaluate(io, flags, files),
        ),
      ),
    );
};

/**
 * How many of the images trained or chose the weights, by the run's own list. Null where that is not known: for weights without
 * their run, and for a data set that the run did not name, since other images may have the same ids, and the same images others.
 */
async function seenOf(
  flags: EvaluateFlags,
  io: Io,
  trained: Config,
  { name, path }: { name: string; path: string },
  items: readonly { id: string }[],
): Promise<number | null> {
  if (flags.run === undefined) return null;
  const { primary, auxiliary } = absoluteConfig(trained, [], io.cwd).data;
  if (![primary, ...auxiliary].some((set) => set?.path === path)) return null;
  const file = join(pathFrom(io, flags.run), "splits.json");
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) return null;
  let splits: RunData["splits"];
  try {
    splits = JSON.parse(text) as RunData["splits"];
  } catch (cause) {
    throw new CommandError(`${file}: no JSON (${(cause as Error).message})`, { cause });
  }
  const { train = [], valid = [] } = splits[name] ?? {};
  const ids = new Set([...train, ...valid]);
  return items.filter(({ id }) => ids.has(id)).length;
}

async function evaluate(io: Io, flags: EvaluateFlags, files: ModelFiles): Promise<number> {
  const shard = shardOf(flags.shard, io);
  for (const set of flags.set ?? [])
    if (!/^(eval|data)\./.test(set))
      throw new CommandError(`--set changes eval.* and data.* here, since the model is trained. Got ${set}`);
  const sets = [
    ...(flags.data === undefined
      ? []
      : [`data.primary={path: ${JSON.stringify(pathFrom(io, flags.data))}}`, "data.auxiliary=[]"]),
    ...(flags.split === undefined ? [] : [`data.primary.test=${flags.split}`]),
    ...(flags.set ?? []),
  ];
  const config = absoluteConfig(files.config, sets, io.cwd);
  const { primary } = config.data;
  if (!primary) throw new CommandError("no data set. Expected --data FOLDER, because the weights name none");
  // Weights travel: their header names the data set, not where it lies on this machine.
  if (flags.weights !== undefined && !(await stat(primary.path).catch(() => null)))
    throw new CommandError(
      `no data set. Expected --data FOLDER: the weights were trained on ${primary.name ?? basename(primary.path)}, which is not at ${primary.path}`,
    );
  // Nothing is trained: where the auxiliary sets are now does not matter.
  const scored: Config = { ...config, data: { ...config.data, auxiliary: [] } };
  const data = await openRunData(scored, { training: false });
  const items = shareOf(data.test, shard);
  if (items.length === 0)
    throw new CommandError(`no image to score in split ${JSON.stringify(primary.test)} of ${primary.path}`, {
      hint: "Choose another part with --split.",
    });
  const seen = await seenOf(flags, io, files.config, { name: data.primary.name, path: primary.path }, items);
  if (seen !== null && seen > 0)
    io.err(`warning: ${seen} of ${items.length} images took part in the training of this run: the scores flatter it\n`);
  const name = shardName(shard);
  const out = pathFrom(io, name === "" ? flags.out! : `${flags.out}/${name}`);
  const say = (text: string) => io.err(text);
  const place = { overwrite: flags.overwrite ?? false, holds: "evaluation", say } as const;
  await NodeStorage.check(out, place);
  const result = await withDevice(io, flags.adapter, async (device) => {
    const { model } = await loadModel(device, files);
    const storage = await NodeStorage.open(out, place);
    await storage.write("config.yaml", configToYaml(config));
    const environment = await environmentOf(device, config, ["evaluate", ...sets], {}, files.trained.sha256);
    await storage.write("env.json", `${JSON.stringify({ ...environment, shard }, null, 2)}\n`);
    return await evaluateInto(storage, model, config, items, {
      baselines: flags.baselines,
      seen,
      signal: io.stop.signal,
      onImage: (id, row, done, total) => io.err(`${done}/${total} ${id}: DSC ${percent(row.dsc)}\n`),
    }).catch((error) => {
      if (io.stop.reason) return null;
      throw error;
    });
  });
  if (!result) return io.stop.exitCode;
  await NodeStorage.at(out).write("report.html", await reportOfFolder(out));
  const { mean, baselines } = result;
  if (flags.json) io.out(`${JSON.stringify({ folder: out, images: mean.images, mean, baselines }, null, 2)}\n`);
  else {
    const cells = [mean.dsc, mean.iou, mean.macroF1].map(percent);
    const instance = [mean.aji, mean.dq, mean.sq, mean.pq].map(percent);
    io.out(
      textTable(
        ["images", "DSC", "mIoU", "F1", "HD", "AJI", "DQ", "SQ", "PQ"],
        [[String(mean.images), ...cells, mean.hd.toFixed(2), ...instance]],
      ),
    );
    const { nan, inf } = mean.leftOut.hd;
    if (nan + inf > 0)
      io.out(`HD leaves out ${nan + inf} of ${mean.images} images, where truth or prediction is empty.\n`);
    for (const b of baselines) io.out(`${b.name}: DSC ${percent(b.dsc)}, AJI ${percent(b.aji)}, PQ ${percent(b.pq)}\n`);
    io.out(`${out}/report.html\n`);
  }
  return EXIT.ok;
}
