import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { detectNaming, detectSam, openCheckpoint } from "@ama-sam/checkpoint";
import { formatFindings, openDataset, parseManifest } from "@ama-sam/data";
import { type AddCommand, pathFrom } from "../command";
import { CommandError, EXIT } from "../errors";
import { directorySource } from "../files/directory-source";
import { withFile } from "../files/file-bytes";
import { csvNumber, parseCsv } from "../output/csv";
import { bytesText } from "../output/text";

interface Inspection {
  kind: "data set" | "manifest" | "weights" | "run";
  /** What `--json` prints. */
  facts: Record<string, unknown>;
  text: string;
}

/** `ama-sam inspect`: says what a data set, a manifest, a weights file or a run folder is. */
export const addInspect: AddCommand = (program, { io, run }) => {
  program
    .command("inspect")
    .summary("say what a data set, weights file or run is")
    .description(
      "Looks at a path and says what it is, without changing anything and without loading images or weights.",
    )
    .argument("<path>", "a data set's folder, a manifest, a .pth or .safetensors file, or a run folder")
    .option("--tensors", "list every tensor of a weights file")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExample: ama-sam inspect sam_vit_b_01ec64.pth")
    .action(
      run(async (given: string, flags: { tensors?: boolean; json?: boolean }) => {
        const path = pathFrom(io, given);
        const found = await inspect(path, flags.tensors === true);
        if (flags.json) io.out(`${JSON.stringify({ kind: found.kind, path, ...found.facts }, null, 2)}\n`);
        else io.out(`${given}: ${found.text}`);
        return EXIT.ok;
      }),
    );
};

async function inspect(path: string, tensors: boolean): Promise<Inspection> {
  const found = await stat(path);
  if (found.isDirectory()) {
    const names = new Set(await readdir(path));
    return names.has("config.yaml") ? inspectRun(path, names) : inspectDataset(path);
  }
  if (extname(path) === ".json") return inspectManifest(path);
  return inspectWeights(path, tensors);
}

async function inspectDataset(path: string): Promise<Inspection> {
  const dataset = await openDataset(await directorySource(path), {});
  const splits: Record<string, number> = {};
  for (const { split = "none" } of dataset.items) splits[split] = (splits[split] ?? 0) + 1;
  const { name, format, splitName = null, findings } = dataset;
  const parts = Object.entries(splits).map(([split, n]) => `${split}: ${n}`);
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
      `data set, layout ${format}, ${dataset.items.length} annotated images`,
      `  split ${splitName ?? "none"} (${parts.join(", ")})`,
      ...formatFindings(findings).map((line) => `  ${line}`),
      "  `ama-sam prepare` reads every file and checks it.\n",
    ].join("\n"),
  };
}

async function inspectManifest(path: string): Promise<Inspection> {
  const manifest = parseManifest(await readFile(path, "utf8"));
  const nuclei = manifest.items.reduce((sum, item) => sum + item.nuclei, 0);
  return {
    kind: "manifest",
    facts: { name: manifest.name, format: manifest.format, images: manifest.items.length, nuclei },
    text: `manifest of ${manifest.name} (${manifest.format}): ${manifest.items.length} images, ${nuclei} nuclei\n`,
  };
}

async function inspectWeights(path: string, list: boolean): Promise<Inspection> {
  return withFile(path, async (source) => {
    const { format, entries, metadata } = await openCheckpoint(source);
    const sam = detectSam(entries) ?? null;
    const naming = detectNaming(entries.keys()) ?? null;
    const dtypes: Record<string, number> = {};
    let parameters = 0;
    for (const { dtype, shape } of entries.values()) {
      dtypes[dtype] = (dtypes[dtype] ?? 0) + 1;
      parameters += shape.reduce((product, n) => product * n, 1);
    }
    const own = [...entries.keys()].some((name) => name.startsWith("spgen."));
    const what = own ? "AMA-SAM" : sam ? `SAM ${sam.variant ?? "of another size"}` : "no SAM";
    const rows = list ? [...entries].map(([name, e]) => `  ${name}  ${e.dtype} [${e.shape.join(", ")}]\n`) : [];
    const shape = sam
      ? `  encoder: width ${sam.width}, depth ${sam.depth}, heads ${sam.heads}, patch ${sam.patch}, grid ${sam.grid.join(" x ")}\n`
      : "";
    return {
      kind: "weights" as const,
      facts: {
        format,
        naming,
        model: what,
        sam,
        bytes: source.size,
        parameters,
        dtypes,
        metadata: Object.fromEntries(metadata),
        ...(list && { tensors: Object.fromEntries(entries) }),
      },
      text:
        `${format}, ${entries.size} tensors, ${parameters} numbers, ${bytesText(source.size)}\n` +
        `  ${what}${naming === "hugging-face" ? " with Hugging Face's names" : ""}\n${shape}` +
        `  types ${Object.entries(dtypes)
          .map(([type, n]) => `${type}: ${n}`)
          .join(", ")}\n` +
        rows.join(""),
    };
  });
}

async function inspectRun(path: string, names: ReadonlySet<string>): Promise<Inspection> {
  const env = names.has("env.json")
    ? (JSON.parse(await readFile(join(path, "env.json"), "utf8")) as Record<string, unknown>)
    : null;
  const metrics = names.has("metrics.csv") ? parseCsv(await readFile(join(path, "metrics.csv"), "utf8")) : [];
  const [header = [], ...rows] = metrics;
  const last = rows.at(-1);
  if (rows.length > 0 && !header.includes("step")) throw new CommandError(`${path}: metrics.csv has no column "step"`);
  const step = last ? csvNumber(last[header.indexOf("step")]!) : 0;
  const checkpoints = names.has("checkpoints") ? (await readdir(join(path, "checkpoints"))).sort() : [];
  const files = [...names].filter((name) => !name.startsWith(".")).sort();
  return {
    kind: "run",
    facts: { step, rows: rows.length, checkpoints, files, env },
    text: [
      `run, ${step} steps`,
      `  checkpoints  ${checkpoints.join(", ") || "none"}`,
      `  files        ${files.join(", ")}`,
      names.has("report.html") ? `  open ${join(path, "report.html")}\n` : "  `ama-sam report` writes the report.\n",
    ].join("\n"),
  };
}
