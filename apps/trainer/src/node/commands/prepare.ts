import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { type DatasetFormat, formatFindings, type PrepareReport, parseSplitFile, prepare } from "@ama-sam/data";
import { Option } from "commander";
import { type AddCommand, pathFrom, wholeNumber } from "../command";
import { CommandError, EXIT, naming } from "../errors";
import { writeAtomic } from "../files/atomic-write";
import { directorySource } from "../files/directory-source";

/** Layouts of `--format`. */
export const FORMATS = ["auto", "monuseg", "tnbc", "cryonuseg", "cpm17", "unsam", "dsb2018", "folder"] as const;

interface PrepareFlags {
  format: DatasetFormat | "auto";
  split?: string;
  name?: string;
  out?: string;
  check?: boolean;
  keepGoing?: boolean;
  overwrite?: boolean;
  annotator?: "1" | "1-second" | "2";
  set?: string;
  maxPixels?: number;
  json?: boolean;
}

/** `ama-sam prepare`: checks a data set and writes its manifest. */
export const addPrepare: AddCommand = (program, { io, run }) => {
  program
    .command("prepare")
    .summary("check a data set and write its manifest")
    .description(
      "Reads every image and annotation of a data set, explains each problem, and writes a manifest with the SHA-256 of every file. " +
        "Train with the manifest as `path` to be sure that nothing changed. Your images are never modified.",
    )
    .argument(
      "<folder>",
      "MoNuSeg, TNBC, CryoNuSeg, cpm17, UN-SAM or DSB 2018 as published, or images/ + labels/ (or masks/)",
    )
    .addOption(new Option("--format <name>", "layout on disk").choices([...FORMATS]).default("auto"))
    .option("--split <name|file>", "a split by name, such as monuseg-30, or a split file (JSON)")
    .option("--name <text>", "name of the data set in reports")
    .option("--out <file>", "where the manifest goes (default: manifest.json in the folder)")
    .option("--check", "only check: write nothing")
    .option("--keep-going", "write the manifest even if some images cannot be used")
    .option("--overwrite", "replace an existing manifest")
    .addOption(new Option("--annotator <who>", "CryoNuSeg: whose annotation").choices(["1", "1-second", "2"]))
    .option("--set <name>", "UN-SAM's layout: one of its data sets")
    .option("--max-pixels <n>", "refuse larger images", wholeNumber("--max-pixels", 1))
    .option("--json", "print the report as JSON")
    .addHelpText("after", "\nExample: ama-sam prepare ~/data/MoNuSeg --split monuseg-30")
    .action(
      run(async (folder: string, flags: PrepareFlags) => {
        const root = pathFrom(io, folder);
        const source = await directorySource(root);
        const out = flags.out === undefined ? join(root, "manifest.json") : pathFrom(io, flags.out);
        if (!flags.check && !flags.overwrite && (await stat(out).catch(() => null))) {
          throw new CommandError(`${out} exists already`, {
            hint: "Use --overwrite to replace it, or --check to write nothing.",
          });
        }
        const { format, name, annotator, set, maxPixels } = flags;
        const { manifest, report } = await prepare(source, {
          format,
          ...(flags.split !== undefined && { split: await splitOf(pathFrom(io, flags.split), flags.split) }),
          ...(name !== undefined && { name }),
          ...(annotator !== undefined && { annotator }),
          ...(set !== undefined && { set }),
          ...(maxPixels !== undefined && { maxPixels }),
          signal: io.stop.signal,
          onProgress: (done, total, id) => {
            if (io.tty) io.err(`\r\x1b[K${done} / ${total}  ${id}`);
          },
        }).catch((error) => {
          if (io.stop.reason) return { manifest: null, report: null };
          throw naming(root, error);
        });
        if (io.tty) io.err("\r\x1b[K");
        if (!manifest) return io.stop.exitCode;
        // A layout of one's own has no name but its folder's.
        if (name === undefined && manifest.format === "folder") manifest.name = basename(root);
        if (flags.json)
          io.out(`${JSON.stringify({ name: manifest.name, format: manifest.format, ...report }, null, 2)}\n`);
        else io.out(reportText(manifest.name, manifest.format, report));
        if (!report.ok && !flags.keepGoing) {
          const errors = report.findings.filter((finding) => finding.level === "error");
          throw new CommandError(
            `${errors.length} problem(s), no manifest written. First: ${errors[0]?.path ?? ""} ${errors[0]?.message ?? ""}`,
            {
              hint: "Fix or remove these files, or use --keep-going to leave them out.",
            },
          );
        }
        if (report.usable === 0) throw new CommandError(`${folder}: no image can be used`);
        if (!flags.check) {
          // Its paths start from the data set; a manifest that lies elsewhere says where that is.
          const apart = relative(dirname(out), root);
          const { version, ...rest } = manifest;
          const written = apart === "" ? manifest : { version, root: apart, ...rest };
          await writeAtomic(out, `${JSON.stringify(written, null, 1)}\n`);
          if (!flags.json)
            io.out(`wrote ${out}\nTrain with it: --set ${JSON.stringify(`data.primary={path: ${out}}`)}\n`);
        }
        return EXIT.ok;
      }),
    );
};

/** A split file where there is one of that name, else the name itself. */
async function splitOf(path: string, name: string): Promise<string | ReturnType<typeof parseSplitFile>> {
  if (!name.endsWith(".json")) return name;
  return parseSplitFile(await readFile(path, "utf8"));
}

/** The report as a person reads it. */
export function reportText(name: string, format: string, report: PrepareReport): string {
  const list = (table: Record<string, number>): string =>
    Object.entries(table)
      .map(([key, n]) => `${key}: ${n}`)
      .join(", ");
  const lines = [
    `${name} (${format}): ${report.usable} images with ${report.nuclei} nuclei${report.refused.length > 0 ? `, ${report.refused.length} refused` : ""}`,
    `  splits  ${list(report.splits)}`,
    `  sizes   ${list(report.sizes)}`,
    `  pixel size (micrometres)  ${list(report.micronsPerPixel)}`,
    ...formatFindings(report.findings).map((line) => `  ${line}`),
  ];
  return `${lines.join("\n")}\n`;
}
