import { stat } from "node:fs/promises";
import { join } from "node:path";
import { aggregate } from "@ama-sam/metrics";
import type { Config } from "ama-sam";
import { type AddCommand, pathFrom, repeated, wholeNumber } from "../command";
import { CommandError, EXIT } from "../errors";
import { writeAtomic } from "../files/atomic-write";
import { PER_IMAGE_CSV, readPerImageCsv } from "../files/per-image-csv";
import { csvRow } from "../output/csv";
import { textTable } from "../output/text";
import { absoluteConfig, readConfig } from "../session/config-file";
import { addAdapterOption } from "../session/device";
import { openRunData } from "../session/open-data";
import { configDifference } from "../session/same-config";
import { addShardOption, shardOf, shareOf } from "../session/shard";
import { type Cell, STUDIES, TABLES } from "../session/studies";
import { trainRun } from "../session/train-run";

interface AblateFlags {
  study: string;
  seeds: number;
  set?: string[];
  out?: string;
  shard?: string;
  adapter?: string;
  table?: boolean;
  json?: boolean;
}

/** One training of a study. */
interface Job {
  cell: Cell;
  seed: number;
  folder: string;
}

/** `ama-sam ablate`: the paper's ablations as one command each. */
export const addAblate: AddCommand = (program, { io, run }) => {
  const command = program
    .command("ablate")
    .summary("repeat Table 2, 3 or 4 of the paper")
    .description(
      "Trains every row of an ablation into a folder of its own and prints one table with the paper's numbers beside. Rows that are done are " +
        "not done again and rows that were stopped go on, so the same command continues a study.",
    )
    .argument("<config>", "the configuration of the full method, such as configs/monuseg-primary.yaml")
    .requiredOption(
      "--study <name>",
      `${Object.keys(STUDIES).join(", ")}, or the number of the table (${Object.keys(TABLES).join(", ")})`,
    )
    .option("--seeds <n>", "repeat every row with this many seeds", wholeNumber("--seeds", 1, 1000), 1)
    .option("--set <key=value>", "change a key for every row; may be repeated", repeated)
    .option("--out <folder>", "folder of the study (default: runs/ablate-STUDY)")
    .option("--table", "only print the table of what is done")
    .option("--json", "print the table as JSON");
  addAdapterOption(addShardOption(command))
    .addHelpText("after", "\nExample: ama-sam ablate configs/monuseg-primary.yaml --study alignment --seeds 3")
    .action(
      run(async (file: string, flags: AblateFlags) => {
        const name =
          TABLES[flags.study] ??
          (Object.keys(STUDIES) as (keyof typeof STUDIES)[]).find((known) => known === flags.study);
        if (!name)
          throw new CommandError(
            `--study: ${JSON.stringify(flags.study)} is unknown. Known: ${Object.keys(STUDIES).join(", ")}`,
          );
        const study = STUDIES[name];
        const config = await readConfig(pathFrom(io, file), flags.set ?? [], io.cwd);
        const auxiliary = config.data.auxiliary.length;
        const needed = Math.max(...study.cells.map((cell) => cell.auxiliary ?? 1));
        if (auxiliary < needed)
          throw new CommandError(
            `this study needs ${needed} auxiliary data set(s). The configuration has ${auxiliary}`,
          );
        const root = pathFrom(io, flags.out ?? join("runs", `ablate-${name}`));
        const jobs = study.cells.flatMap((cell) =>
          Array.from({ length: flags.seeds }, (_, i): Job => {
            const seed = config.train.seed + i;
            return { cell, seed, folder: join(root, `${cell.name.replace(/\W+/g, "-").toLowerCase()}-seed-${seed}`) };
          }),
        );
        const mine = flags.table ? [] : shareOf(jobs, shardOf(flags.shard, io));
        if (mine.length > 0) await check(config, jobs, io.cwd);
        for (const job of mine) {
          if (await isDone(job.folder)) {
            io.err(`== ${study.title}: ${job.cell.name}, seed ${job.seed}: done before\n`);
            continue;
          }
          io.err(`== ${study.title}: ${job.cell.name}, seed ${job.seed}\n`);
          const resume = (await stat(join(job.folder, "config.yaml")).catch(() => null)) !== null;
          const result = await trainRun({
            io,
            config: cellConfig(config, job, io.cwd),
            folder: job.folder,
            resume,
            ...(flags.adapter !== undefined && { adapter: flags.adapter }),
            command: ["ablate", file, "--study", name, "--seeds", String(flags.seeds)],
          });
          if (result.exitCode !== EXIT.ok) {
            if (io.stop.reason) io.err("The same command goes on with the study.\n");
            return result.exitCode;
          }
        }
        const rows = await Promise.all(
          study.cells.map((cell) =>
            rowOf(
              cell,
              jobs.filter((job) => job.cell === cell),
            ),
          ),
        );
        if (rows.some((row) => row.done > 0)) await writeAtomic(join(root, "table.csv"), tableCsv(rows));
        if (flags.json) io.out(`${JSON.stringify({ study: name, title: study.title, folder: root, rows }, null, 2)}\n`);
        else io.out(`${study.title}\n${tableText(rows)}`);
        return EXIT.ok;
      }),
    );
};

/** Scores, card and report are the last files of a run, in this order; `ama-sam report` may have written the report before. */
async function isDone(folder: string): Promise<boolean> {
  for (const file of [PER_IMAGE_CSV, "MODEL_CARD.md", "report.html"])
    if (!(await stat(join(folder, file)).catch(() => null))) return false;
  return true;
}

/**
 * Rows of one table must differ in what the study varies alone, and must have images to be scored on: told before hours of training.
 *
 * @throws CommandError for rows in the folder that were made with another configuration, and for data without a test
 */
async function check(config: Config, jobs: readonly Job[], cwd: string): Promise<void> {
  for (const job of jobs) {
    const difference = await configDifference(job.folder, cellConfig(config, job, cwd));
    if (difference)
      throw new CommandError(`${job.folder} was trained with another configuration: ${difference}`, {
        hint: "Give the study another --out, or remove the folders that should be done again.",
      });
  }
  const { test } = await openRunData(config);
  if (test.length === 0)
    throw new CommandError("the primary data set has no test images, so there would be nothing to compare", {
      hint: "Choose a split with data.primary.split, or name the part with data.primary.test.",
    });
}

function cellConfig(config: Config, { cell, seed }: Job, cwd: string): Config {
  const sets = [...cell.sets, `train.seed=${seed}`, `model.init.seed=${seed}`];
  // A study compares ends; probes on the way only where they were asked for.
  if (config.train.probeEvery === "auto") sets.push("train.probeEvery=0");
  const base =
    cell.auxiliary === undefined
      ? config
      : { ...config, data: { ...config.data, auxiliary: config.data.auxiliary.slice(0, cell.auxiliary) } };
  return absoluteConfig(base, sets, cwd);
}

interface TableRow {
  name: string;
  /** Runs that are done, of all. */
  done: number;
  of: number;
  /** DSC, mIoU, F1, HD: mean over seeds; null before the first run is done. */
  mean: number[] | null;
  /** Standard deviation over seeds; null with fewer than two. */
  spread: number[] | null;
  /** Images scored in all its runs, and those of them that HD's mean leaves out: its value is undefined or infinite where a mask is empty. */
  images: number;
  hdLeftOut: number;
  paper: Cell["paper"];
}

async function rowOf(cell: Cell, jobs: readonly Job[]): Promise<TableRow> {
  const scores: number[][] = [];
  let [images, hdLeftOut] = [0, 0];
  for (const { folder } of jobs) {
    if (!(await isDone(folder))) continue;
    const mean = aggregate(await readPerImageCsv(folder));
    images += mean.images;
    hdLeftOut += mean.leftOut.hd.nan + mean.leftOut.hd.inf;
    scores.push([100 * mean.dsc, 100 * mean.iou, 100 * mean.macroF1, mean.hd]);
  }
  const columns = [0, 1, 2, 3].map((c) => scores.map((row) => row[c]!));
  const average = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const spread = (values: number[]) =>
    Math.sqrt(values.reduce((sum, v) => sum + (v - average(values)) ** 2, 0) / (values.length - 1));
  return {
    name: cell.name,
    done: scores.length,
    of: jobs.length,
    mean: scores.length > 0 ? columns.map(average) : null,
    spread: scores.length > 1 ? columns.map(spread) : null,
    images,
    hdLeftOut,
    paper: cell.paper,
  };
}

function tableText(rows: readonly TableRow[]): string {
  const number = (x: number) => (Number.isFinite(x) ? x.toFixed(2) : "-");
  const cells = ({ mean, spread, hdLeftOut }: TableRow) =>
    [0, 1, 2, 3].map((c) => {
      if (!mean) return "-";
      const left = c === 3 && hdLeftOut > 0 ? ` (-${hdLeftOut})` : "";
      return `${number(mean[c]!)}${spread ? ` ± ${number(spread[c]!)}` : ""}${left}`;
    });
  const note = rows
    .filter((row) => row.hdLeftOut > 0)
    .map(
      (row) =>
        `${row.name}: HD leaves out ${row.hdLeftOut} of ${row.images} scored images, where truth or prediction is empty.\n`,
    );
  const table = textTable(
    ["", "runs", "DSC", "mIoU", "F1", "HD", "paper: DSC", "mIoU", "F1", "HD"],
    rows.map((row) => [
      row.name,
      `${row.done}/${row.of}`,
      ...cells(row),
      ...(row.paper ?? []).map((x) => x.toFixed(2)),
    ]),
  );
  return `${table}${note.join("")}`;
}

function tableCsv(rows: readonly TableRow[]): string {
  const metrics = ["dsc", "iou", "f1", "hd"];
  const header = csvRow([
    "row",
    "runs",
    ...metrics,
    "hd_left_out",
    ...metrics.map((m) => `${m}_sd`),
    ...metrics.map((m) => `${m}_paper`),
  ]);
  const empty = [null, null, null, null];
  return (
    header +
    rows
      .map((r) =>
        csvRow([
          r.name,
          r.done,
          ...(r.mean ?? empty),
          r.done > 0 ? r.hdLeftOut : null,
          ...(r.spread ?? empty),
          ...(r.paper ?? empty),
        ]),
      )
      .join("")
  );
}
