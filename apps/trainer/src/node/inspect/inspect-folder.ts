import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DataError, formatFindings, openDataset } from "@ama-sam/data";
import { aggregate } from "@ama-sam/metrics";
import { parseConfigYaml, resolveConfig } from "ama-sam";
import { CommandError } from "../errors";
import { directorySource } from "../files/directory-source";
import { PER_IMAGE_CSV, readPerImageCsv } from "../files/per-image-csv";
import { isLock, RunLock } from "../files/run-lock";
import { csvNumber, parseCsv } from "../output/csv";
import { bytesText, counted, percent } from "../output/text";
import { findImages } from "../session/images";
import { configText } from "./inspect-file";
import { type Inspection, listed } from "./inspection";

/** Says what a folder is. */
export async function inspectFolder(path: string): Promise<Inspection> {
  const names = new Set(await readdir(path));
  if (names.has("metrics.csv") || (names.has("config.yaml") && !names.has(PER_IMAGE_CSV)))
    return inspectRun(path, names);
  if (names.has(PER_IMAGE_CSV)) return inspectEvaluation(path, names);
  if (names.has("predictions.json")) return inspectPredictions(path);
  if (names.has("state.json")) return inspectCheckpoint(path);
  const runs = await runsIn(path, names);
  if (runs.length > 0) return inspectRuns(path, runs);
  try {
    return await inspectDataset(path);
  } catch (error) {
    if (!DataError.isInstance(error) || error.code !== "unknown-format") throw error;
    const images = await findImages(path).catch((other) => {
      if (CommandError.isInstance(other)) throw error;
      throw other;
    });
    return inspectImages(images.map((image) => image.path));
  }
}

async function inspectDataset(path: string): Promise<Inspection> {
  const dataset = await openDataset(await directorySource(path), {});
  const splits: Record<string, number> = {};
  for (const { split = "none" } of dataset.items) splits[split] = (splits[split] ?? 0) + 1;
  const { name, format, splitName = null, findings } = dataset;
  return {
    kind: "data set",
    facts: {
      name,
      format,
      images: dataset.items.length,
      splitName,
      splits,
      findings,
      ids: dataset.items.map((item) => item.id),
    },
    text: [
      `data set, layout ${format}, ${counted(dataset.items.length, "annotated image")}`,
      `  split ${splitName ?? "none"} (${listed(splits)})`,
      ...formatFindings(findings).map((line) => `  ${line}`),
      "  `ama-sam prepare` reads every file and checks it.\n",
    ].join("\n"),
  };
}

async function inspectImages(paths: readonly string[]): Promise<Inspection> {
  const kinds: Record<string, number> = {};
  let bytes = 0;
  for (const path of paths) {
    const ending = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
    kinds[ending] = (kinds[ending] ?? 0) + 1;
    bytes += (await stat(path)).size;
  }
  return {
    kind: "folder of images",
    facts: { images: paths.length, kinds, bytes },
    text: `folder of ${counted(paths.length, "image")} without annotations (${listed(kinds)}), ${bytesText(bytes)}\n  \`ama-sam predict\` outlines their nuclei.\n`,
  };
}

/** The scores in a folder, null without a table. */
async function scoresIn(path: string, names: ReadonlySet<string>) {
  return names.has(PER_IMAGE_CSV) ? aggregate(await readPerImageCsv(path)) : null;
}

const scoresText = (mean: NonNullable<Awaited<ReturnType<typeof scoresIn>>>): string =>
  `DSC ${percent(mean.dsc)}, AJI ${percent(mean.aji)}, PQ ${percent(mean.pq)} on ${counted(mean.images, "image")}`;

async function inspectEvaluation(path: string, names: ReadonlySet<string>): Promise<Inspection> {
  const mean = (await scoresIn(path, names))!;
  return {
    kind: "evaluation",
    facts: { images: mean.images, mean, files: filesOf(names) },
    text: `evaluation: ${scoresText(mean)}\n  files ${filesOf(names).join(", ")}\n`,
  };
}

async function inspectPredictions(path: string): Promise<Inspection> {
  const { model, images, failed } = (await readJson(join(path, "predictions.json"))) as {
    model: string;
    images: { nuclei: number }[];
    failed: unknown[];
  };
  const nuclei = images.reduce((sum, image) => sum + image.nuclei, 0);
  return {
    kind: "predictions",
    facts: { model, images: images.length, failed: failed.length, nuclei },
    text: `predictions: ${nuclei} nuclei in ${counted(images.length, "image")}${failed.length > 0 ? `, ${failed.length} failed` : ""}\n  by weights with SHA-256 ${model.slice(0, 16)}...\n`,
  };
}

async function inspectCheckpoint(path: string): Promise<Inspection> {
  const { progress, files } = (await readJson(join(path, "state.json"))) as {
    progress: { step: number; stepsPerEpoch: number };
    files: Record<string, { bytes: number; sha256: string }>;
  };
  const { step, stepsPerEpoch } = progress;
  const rows = Object.entries(files).map(([name, { bytes }]) => `  ${name}  ${bytesText(bytes)}\n`);
  return {
    kind: "checkpoint",
    facts: { step, stepsPerEpoch, files },
    text: `checkpoint after step ${step}, ${stepsPerEpoch} steps an epoch\n${rows.join("")}`,
  };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new CommandError(`${path}: no JSON (${(cause as Error).message})`, { cause });
  }
}

const filesOf = (names: ReadonlySet<string>): string[] =>
  [...names].filter((name) => !name.startsWith(".") && !isLock(name)).sort();

async function inspectRun(path: string, names: ReadonlySet<string>): Promise<Inspection> {
  const env = names.has("env.json")
    ? ((await readJson(join(path, "env.json"))) as { adapter?: { name?: string }; started?: string })
    : null;
  const config = names.has("config.yaml")
    ? resolveConfig(parseConfigYaml(await readFile(join(path, "config.yaml"), "utf8"), join(path, "config.yaml")))
    : null;
  const { step, rows } = await stepsOf(path, names);
  const checkpoints = names.has("checkpoints") ? (await readdir(join(path, "checkpoints"))).sort() : [];
  const files = filesOf(names);
  const finished = names.has("model.safetensors");
  const scores = await scoresIn(path, names);
  const adapter = env?.adapter?.name;
  const writer = RunLock.writer(path);
  const state = writer
    ? `${writer.seen ? "being written" : "locked, perhaps by a process that is gone,"} by ${writer.text}`
    : finished
      ? "finished"
      : `not finished: ama-sam train --resume ${path}`;
  const lines = [
    `run, ${counted(step, "step")}, ${state}`,
    `  scores       ${scores ? scoresText(scores) : "none yet"}`,
    ...(adapter ? [`  made on      ${adapter}${env?.started ? `, started ${env.started}` : ""}`] : []),
    `  checkpoints  ${checkpoints.join(", ") || "none"}`,
    `  files        ${files.join(", ")}`,
    names.has("report.html") ? `  report       ${join(path, "report.html")}` : "  `ama-sam report` writes the report.",
  ];
  return {
    kind: "run",
    facts: { step, rows, finished, writer, scores, checkpoints, files, env },
    text: `${lines.join("\n")}\n${config ? configText(config) : ""}`,
  };
}

async function stepsOf(path: string, names: ReadonlySet<string>): Promise<{ step: number; rows: number }> {
  if (!names.has("metrics.csv")) return { step: 0, rows: 0 };
  const [header = [], ...rows] = parseCsv(await readFile(join(path, "metrics.csv"), "utf8"));
  if (rows.length > 0 && !header.includes("step")) throw new CommandError(`${path}: metrics.csv has no column "step"`);
  const last = rows.at(-1);
  return { step: last ? csvNumber(last[header.indexOf("step")] ?? "") : 0, rows: rows.length };
}

/** Names of the folders below that are runs: a study, or `runs` itself. */
async function runsIn(path: string, names: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  for (const name of [...names].sort())
    if (await stat(join(path, name, "config.yaml")).catch(() => null)) found.push(name);
  return found;
}

async function inspectRuns(path: string, folders: readonly string[]): Promise<Inspection> {
  const runs = [];
  for (const name of folders) {
    const names = new Set(await readdir(join(path, name)));
    const { step } = await stepsOf(join(path, name), names);
    const scores = await scoresIn(join(path, name), names);
    runs.push({ name, step, finished: names.has("model.safetensors"), scores });
  }
  const rows = runs.map(
    ({ name, step, finished, scores }) =>
      `  ${name}  ${counted(step, "step")}${finished ? "" : ", not finished"}${scores ? `, ${scoresText(scores)}` : ""}\n`,
  );
  return {
    kind: "folder of runs",
    facts: { runs },
    text: `folder of ${counted(runs.length, "run")}\n${rows.join("")}`,
  };
}
