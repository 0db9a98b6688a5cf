import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { aggregate, type EvaluationRow } from "@ama-sam/metrics";
import { type AddCommand, pathFrom } from "../command";
import { CommandError, EXIT } from "../errors";
import { NodeStorage } from "../files/node-storage";
import { PER_IMAGE_CSV, perImageCsv, readPerImageCsv } from "../files/per-image-csv";
import { type EvaluationNotes, reportOfFolder } from "../output/report/report-folder";
import { percent } from "../output/text";
import { OVERLAYS } from "../session/evaluation";

/** `ama-sam merge`: joins the parts that shards of `evaluate` or `predict` wrote. */
export const addMerge: AddCommand = (program, { io, run }) => {
  program
    .command("merge")
    .summary("join the parts of a sharded evaluation or prediction")
    .description(
      "Joins what `ama-sam evaluate --shard` or `predict --shard` wrote into one folder: the same tables as one process would have written. " +
        "Every part must be there. `ablate` needs no joining: run it with --table.",
    )
    .argument("<folder>", "the folder given as --out to every shard")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample: ama-sam merge evaluation")
    .action(
      run(async (given: string, flags: { json?: boolean }) => {
        const root = pathFrom(io, given);
        if (!(await stat(root).catch(() => null))) throw new CommandError(`${given}: no such folder`);
        const storage = await NodeStorage.existing(root);
        const names = await readdir(root);
        const parts = names.filter((name) => /^shard-\d+-of-\d+$/.test(name));
        const predictions = names.filter((name) => /^predictions\.shard-\d+-of-\d+\.json$/.test(name));
        if (parts.length === 0 && predictions.length === 0)
          throw new CommandError(`${given}: no parts of shards in this folder`);
        const facts =
          parts.length > 0 ? await mergeEvaluation(storage, parts) : await mergePredictions(storage, predictions);
        io.out(flags.json ? `${JSON.stringify(facts, null, 2)}\n` : `${facts.text}\n`);
        return EXIT.ok;
      }),
    );
};

/** The parts in order; throws where one is missing or two countings are mixed. */
export function inOrder(names: readonly string[]): string[] {
  const found = names.map((name) => {
    const [, index, count] = /shard-(\d+)-of-(\d+)/.exec(name) ?? [];
    return { name, index: Number(index), count: Number(count) };
  });
  const counts = new Set(found.map((part) => part.count));
  if (counts.size > 1)
    throw new CommandError(`parts of different countings: ${[...counts].map((n) => `of ${n}`).join(", ")}`, {
      hint: "Remove the old ones.",
    });
  const [count = 0] = counts;
  const missing = Array.from({ length: count }, (_, i) => i).filter((i) => !found.some((part) => part.index === i));
  if (missing.length > 0)
    throw new CommandError(`part(s) ${missing.join(", ")} of ${count} are missing`, {
      hint: "Run those shards again.",
    });
  return found.sort((a, b) => a.index - b.index).map((part) => part.name);
}

async function mergeEvaluation(
  storage: NodeStorage,
  names: readonly string[],
): Promise<Record<string, unknown> & { text: string }> {
  const parts = inOrder(names);
  const tables: EvaluationRow[][] = [];
  for (const part of parts) tables.push(await readPerImageCsv(storage.path(part)));
  // Shards take every n-th image: dealing them back gives the order of one process.
  const rows = Array.from({ length: Math.max(...tables.map((t) => t.length)) }, (_, i) =>
    tables.flatMap((t) => (t[i] ? [t[i]] : [])),
  ).flat();
  const text = async (part: string, file: string) => new TextDecoder().decode(await storage.read(`${part}/${file}`));
  const configs = await Promise.all(parts.map((part) => text(part, "config.yaml")));
  if (new Set(configs).size > 1) throw new CommandError("the parts were made by different configurations");
  const notes = await Promise.all(
    parts.map(async (part) => JSON.parse(await text(part, "evaluation.json")) as EvaluationNotes),
  );
  // Of the parts' best and worst, the best and worst of all.
  const all = notes.flatMap(({ overlays }, i) => overlays.map((it) => ({ ...it, part: i })));
  const ranked = all.sort((a, b) => (b.dsc ?? 0) - (a.dsc ?? 0));
  const ends = ranked.length > 2 * OVERLAYS ? [...ranked.slice(0, OVERLAYS), ...ranked.slice(-OVERLAYS)] : ranked;
  const overlays: EvaluationNotes["overlays"][number][] = [];
  for (const { part, file, ...it } of ends) {
    await storage.write(`overlays/${part}-${file}`, await storage.read(`${parts[part]}/overlays/${file}`));
    overlays.push({ file: `${part}-${file}`, ...it });
  }
  const seen = notes.reduce<number | null>((sum, it) => (sum === null || it.seen == null ? null : sum + it.seen), 0);
  const weights = tables.map((t) => t.length / rows.length);
  const baselines = notes[0]!.baselines.map(({ name }, k) => {
    const mean = (key: "dsc" | "aji" | "pq") =>
      notes.reduce((sum, note, i) => sum + weights[i]! * note.baselines[k]![key], 0);
    return { name, dsc: mean("dsc"), aji: mean("aji"), pq: mean("pq") };
  });
  const mean = aggregate(rows);
  await storage.write("config.yaml", configs[0]!);
  await storage.write("env.json", await text(parts[0]!, "env.json"));
  await storage.write(PER_IMAGE_CSV, perImageCsv(rows));
  await storage.write(
    "evaluation.json",
    `${JSON.stringify({ images: rows.length, mean, protocol: notes[0]!.protocol, baselines, overlays, seen }, null, 2)}\n`,
  );
  await storage.write("report.html", await reportOfFolder(storage.root));
  return {
    parts: parts.length,
    images: rows.length,
    mean,
    text: `${parts.length} parts, ${rows.length} images: DSC ${percent(mean.dsc)}, AJI ${percent(mean.aji)}, PQ ${percent(mean.pq)}\n${join(storage.root, "report.html")}`,
  };
}

async function mergePredictions(
  storage: NodeStorage,
  names: readonly string[],
): Promise<Record<string, unknown> & { text: string }> {
  interface Part {
    model: string;
    recolored: boolean;
    images: { image: string; nuclei: number }[];
    failed: { image: string }[];
  }
  const parts = await Promise.all(
    inOrder(names).map(async (name) => JSON.parse(await readFile(storage.path(name), "utf8")) as Part),
  );
  if (new Set(parts.map((part) => part.model)).size > 1)
    throw new CommandError("the parts were made by different models");
  if (new Set(parts.map((part) => part.recolored)).size > 1)
    throw new CommandError("some parts were made with --recolor, others without");
  const byImage = (a: { image: string }, b: { image: string }) => (a.image < b.image ? -1 : 1);
  const facts = {
    model: parts[0]!.model,
    recolored: parts[0]!.recolored,
    images: parts.flatMap((part) => part.images).sort(byImage),
    failed: parts.flatMap((part) => part.failed).sort(byImage),
  };
  await storage.write("predictions.json", `${JSON.stringify(facts, null, 2)}\n`);
  const nuclei = facts.images.reduce((sum, image) => sum + image.nuclei, 0);
  return {
    ...facts,
    text: `${parts.length} parts, ${facts.images.length} images, ${nuclei} nuclei, ${facts.failed.length} failed`,
  };
}
