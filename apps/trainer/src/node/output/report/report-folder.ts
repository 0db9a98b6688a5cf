import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { configToYaml, parseConfigYaml, portableConfig, portablePath, resolveConfig } from "ama-sam";
import { CommandError } from "../../errors";
import { PER_IMAGE_CSV, readPerImageCsv } from "../../files/per-image-csv";
import { csvNumber, parseCsv } from "../csv";
import { type ProbePoint, type ReportData, reportHtml } from "./report-html";

/** What `evaluation.json` of a run adds to its per-image table. */
export interface EvaluationNotes {
  protocol: string;
  baselines: ReportData["baselines"];
  /** Files in `overlays/` with their titles. */
  overlays: readonly { file: string; title: string; dsc?: number }[];
  /** How many of the images took part in the model's training; null where that is not known. */
  seen?: number | null;
}

/** Builds the report of a run folder from the files in it. */
export async function reportOfFolder(root: string): Promise<string> {
  const found = await stat(root).catch(() => null);
  if (!found?.isDirectory()) throw new CommandError(`${root}: no run folder here`);
  const names = new Set(await readdir(root));
  if (!names.has("config.yaml") && !names.has(PER_IMAGE_CSV))
    throw new CommandError(`${root}: this is no run folder. Expected config.yaml or ${PER_IMAGE_CSV} in it`);
  const text = async (name: string) => (names.has(name) ? readFile(join(root, name), "utf8") : "");
  const environment = names.has("env.json") ? (JSON.parse(await text("env.json")) as Record<string, unknown>) : {};
  const notes = names.has("evaluation.json")
    ? (JSON.parse(await text("evaluation.json")) as Partial<EvaluationNotes>)
    : {};
  const overlays = await Promise.all(
    (notes.overlays ?? []).map(async ({ file, title }) => ({
      title,
      png: await readFile(join(root, "overlays", basename(file))),
    })),
  );
  const { steps, validation } = readMetrics(await text("metrics.csv"));
  const adapter = (environment.adapter as { name?: string } | undefined)?.name;
  const { started } = environment;
  const when = typeof started === "string" ? `, started ${started.slice(0, 16).replace("T", " ")} UTC` : "";
  return reportHtml({
    title: `AMA-SAM run: ${basename(root)}`,
    subtitle: `${steps.length > 0 ? `${steps.at(-1)!.step} steps` : "No training steps"}${adapter ? ` on ${adapter}` : ""}${when}.`,
    steps,
    validation,
    probe: readProbe(await text("metrics.jsonl")),
    perImage: names.has(PER_IMAGE_CSV) ? await readPerImageCsv(root) : [],
    protocol: notes.protocol ?? "",
    baselines: notes.baselines ?? [],
    overlays,
    seen: notes.seen ?? null,
    configYaml: portableYaml(await text("config.yaml")),
    environment: withoutFolders(environment),
  });
}

/** A report is sent around: it names files, and keeps the folders of the machine to itself. */
function portableYaml(text: string): string {
  if (text === "") return "";
  try {
    return configToYaml(portableConfig(resolveConfig(parseConfigYaml(text))));
  } catch {
    return "config.yaml in the run folder is not one that can be read.";
  }
}

/** The environment whose command names files without their folders. */
function withoutFolders(environment: Record<string, unknown>): Record<string, unknown> {
  const { command } = environment;
  if (!Array.isArray(command)) return environment;
  // A path ends where a quoted text or a value of YAML does.
  const shown = command.map((word) =>
    String(word).replace(/(?<=^|[\s=:"'[{(,])(?:~?[\\/]|[A-Za-z]:[\\/]|\.\.[\\/])[^"'\]}),]*/g, portablePath),
  );
  return { ...environment, command: shown };
}

/** Steps and validations of a `metrics.csv`. */
export function readMetrics(csv: string): Pick<ReportData, "steps" | "validation"> {
  const [header = [], ...rows] = parseCsv(csv);
  const read = (row: readonly string[], name: string) => csvNumber(row[header.indexOf(name)] ?? "");
  const steps: ReportData["steps"][number][] = [];
  const validation: ReportData["validation"][number][] = [];
  for (const row of rows) {
    const step = read(row, "step");
    if ((row[header.indexOf("validationDsc")] ?? "") !== "") validation.push({ step, dsc: read(row, "validationDsc") });
    else {
      steps.push({
        step,
        lr: read(row, "lr"),
        lambda: read(row, "lambda"),
        loss: read(row, "loss"),
        fine: read(row, "fine"),
        coarse: read(row, "coarse"),
        domain: read(row, "domain"),
        gradNorm: read(row, "gradNorm"),
        skipped: read(row, "skipped") === 1,
      });
    }
  }
  return { steps, validation };
}

function readProbe(jsonl: string): ProbePoint[] {
  return jsonl
    .split("\n")
    .filter((line) => line.includes('"type":"probe"'))
    .map((line) => JSON.parse(line) as ProbePoint);
}
