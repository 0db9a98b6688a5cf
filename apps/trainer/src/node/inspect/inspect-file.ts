import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { detectNaming, detectSam, openCheckpoint } from "@ama-sam/checkpoint";
import { decodeImage, parseManifest, parseSplitFile, type Raster, sniffFormat } from "@ama-sam/data";
import { aggregate } from "@ama-sam/metrics";
import { type Config, parseConfigYaml, resolveConfig, savedModelInfo } from "ama-sam";
import { CommandError } from "../errors";
import { withFile } from "../files/file-bytes";
import { readPerImageCsv } from "../files/per-image-csv";
import { bytesText, counted, percent } from "../output/text";
import { type Inspection, listed } from "./inspection";

/** Says what a file is: told by its first bytes where they say it, else by its ending. */
export async function inspectFile(path: string, tensors: boolean): Promise<Inspection> {
  const format = sniffFormat(await firstBytes(path));
  const ending = extname(path).toLowerCase();
  // By its name too, so that a text file named .tif is told to be no image.
  if (format === "png" || format === "jpeg" || format === "tiff" || IMAGES.test(ending))
    return inspectImage(path, format);
  if (ANNOTATIONS.test(path))
    throw new CommandError(`${path}: an annotation by its name. Inspect the folder of its data set`);
  if (ending === ".yaml" || ending === ".yml") return inspectConfig(path);
  if (ending === ".json") return inspectJson(path);
  if (ending === ".csv") return inspectScores(path);
  return inspectWeights(path, tensors);
}

const IMAGES = /^\.(png|jpe?g|tiff?)$/;
const ANNOTATIONS = /\.(xml|mat|npy|geojson|geojson\.gz)$/i;

const firstBytes = (path: string): Promise<Uint8Array> =>
  withFile(path, (source) => source.read(0, Math.min(source.size, 1024)));

async function inspectImage(path: string, format: string): Promise<Inspection> {
  const bytes = await readFile(path);
  const raster = await decodeImage(bytes, { name: basename(path), palette: "index" });
  const { width, height, channels, bitDepth, micronsPerPixel = null } = raster;
  const labels = labelsIn(raster);
  const colours = ["grey", "grey with alpha", "RGB", "RGB with alpha"][channels - 1] ?? `${channels} channels`;
  const what =
    labels === null
      ? ""
      : labels.values <= 2
        ? `  as an annotation: a mask, ${percent(labels.share)} % foreground\n`
        : `  as an annotation: labels of ${labels.ids} nuclei (the largest id is ${labels.largest}), ${percent(labels.share)} % foreground\n`;
  return {
    kind: "image",
    facts: { format, width, height, channels, bitDepth, micronsPerPixel, bytes: bytes.length, labels },
    text:
      `image (${format.toUpperCase()}), ${width} x ${height}, ${colours}, ${bitDepth} bits, ${bytesText(bytes.length)}\n` +
      `  pixel size ${micronsPerPixel === null ? "unknown" : `${micronsPerPixel} micrometres`}\n${what}`,
  };
}

/** What one channel would mean as an annotation: values other than 0 are ids. */
function labelsIn({ channels, data, width, height }: Raster) {
  if (channels !== 1) return null;
  const values = new Set<number>();
  let [foreground, largest] = [0, 0];
  for (const value of data) {
    values.add(value);
    if (value !== 0) foreground++;
    if (value > largest) largest = value;
  }
  return {
    values: values.size,
    ids: values.has(0) ? values.size - 1 : values.size,
    largest,
    share: foreground / (width * height),
  };
}

async function inspectConfig(path: string): Promise<Inspection> {
  const config = resolveConfig(parseConfigYaml(await readFile(path, "utf8"), path));
  return { kind: "configuration", facts: { config }, text: `configuration of a training\n${configText(config)}` };
}

/** The choices that matter most, one a line. */
export function configText({ model, data, train, eval: e }: Config): string {
  const sets = data.auxiliary.map(({ name, path }) => name ?? basename(path));
  const lines = [
    `model      ${model.preset}, decoder ${model.decoder}, alignment ${model.align}, trains ${model.trainable}`,
    `from       ${model.init.checkpoint ?? `random weights, seed ${model.init.seed}`}`,
    `primary    ${data.primary?.path ?? "none"}`,
    `auxiliary  ${sets.join(", ") || "none"}`,
    `training   ${counted(train.epochs, "epoch")}${train.steps > 0 ? `, at most ${counted(train.steps, "step")}` : ""}, batch ${train.batch}, rate ${train.lr}, seed ${train.seed}`,
    `nuclei by  ${e.instances}, probability above ${e.threshold}`,
  ];
  return lines.map((line) => `  ${line}\n`).join("");
}

async function inspectJson(path: string): Promise<Inspection> {
  const text = await readFile(path, "utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CommandError(`${path}: no JSON (${(cause as Error).message})`, { cause });
  }
  const has = (key: string): boolean => typeof value === "object" && value !== null && key in value;
  if (has("splits") || has("train") || has("test")) {
    const { name, splits } = parseSplitFile(value);
    const counts = Object.fromEntries(Object.entries(splits).map(([split, entries]) => [split, entries.length]));
    return {
      kind: "split file",
      facts: { name, splits: counts },
      text: `split file ${JSON.stringify(name)} (${listed(counts)})\n`,
    };
  }
  if (!has("version") && !has("items"))
    throw new CommandError(`${path}: JSON, but neither a manifest of \`ama-sam prepare\` nor a split file`);
  const manifest = parseManifest(value);
  const nuclei = manifest.items.reduce((sum, item) => sum + item.nuclei, 0);
  const splits: Record<string, number> = {};
  for (const { split = "none" } of manifest.items) splits[split] = (splits[split] ?? 0) + 1;
  return {
    kind: "manifest",
    facts: { name: manifest.name, format: manifest.format, images: manifest.items.length, nuclei, splits },
    text: `manifest of ${manifest.name} (${manifest.format}): ${counted(manifest.items.length, "image")}, ${nuclei} nuclei\n  split ${manifest.splitName ?? "none"} (${listed(splits)})\n`,
  };
}

async function inspectScores(path: string): Promise<Inspection> {
  const mean = aggregate(await readPerImageCsv(path));
  const { dsc, aji, pq, images } = mean;
  return {
    kind: "scores",
    facts: { images, mean },
    text: `scores of ${counted(images, "image")}: DSC ${percent(dsc)}, AJI ${percent(aji)}, PQ ${percent(pq)}\n`,
  };
}

async function inspectWeights(path: string, list: boolean): Promise<Inspection> {
  return withFile(path, async (source) => {
    const checkpoint = await openCheckpoint(source);
    const { format, entries, metadata } = checkpoint;
    const sam = detectSam(entries) ?? null;
    const naming = detectNaming(entries.keys()) ?? null;
    const info = savedModelInfo(checkpoint);
    const dtypes: Record<string, number> = {};
    let parameters = 0;
    for (const { dtype, shape } of entries.values()) {
      dtypes[dtype] = (dtypes[dtype] ?? 0) + 1;
      parameters += shape.reduce((product, n) => product * n, 1);
    }
    const own = [...entries.keys()].some((name) => name.startsWith("spgen."));
    const what = own ? "AMA-SAM" : sam ? `SAM ${sam.variant ?? "of another size"}` : "no SAM";
    const part =
      info === null
        ? ""
        : info.kind === "merged"
          ? ", everything"
          : `, the trained part alone${info.baseSha256 ? ` (of a base with SHA-256 ${info.baseSha256.slice(0, 16)}...)` : ""}`;
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
        `${format}, ${counted(entries.size, "tensor")}, ${parameters} numbers, ${bytesText(source.size)}\n` +
        `  ${what}${part}${naming === "hugging-face" ? " with Hugging Face's names" : ""}\n${shape}` +
        `  types ${listed(dtypes)}\n${rows.join("")}`,
    };
  });
}
