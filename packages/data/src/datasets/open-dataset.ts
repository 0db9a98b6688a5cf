import { DataError } from "../errors";
import { type FileSource, listClean } from "../source/file-source";
import { cpm17 } from "./cpm17";
import { cryonuseg } from "./cryonuseg";
import type { Dataset, DatasetFormat, DatasetReader, OpenOptions } from "./dataset";
import { dsb2018 } from "./dsb2018";
import { folder } from "./folder";
import { monuseg } from "./monuseg";
import { tnbc } from "./tnbc";
import { unsam } from "./unsam";

/** Every reader, the specific layouts before the plain folder. */
export const datasetReaders: readonly DatasetReader[] = [monuseg, tnbc, cryonuseg, cpm17, unsam, dsb2018, folder];

/** How many annotated images `paths` hold in every layout that fits at all, most specific layout first. */
export function detectFormats(paths: readonly string[]): { format: DatasetFormat; images: number }[] {
  return datasetReaders
    .map((reader) => ({ format: reader.format, images: reader.detect(paths) }))
    .filter(({ images }) => images > 0);
}

/**
 * Opens a tree of files as a data set; nothing is decoded before an item's `load()`.
 *
 * @param options.format a layout, or `auto` (default): the one published layout that fits, else a plain folder.
 * @throws DataError `unknown-format` when nothing fits, `ambiguous-format` when two published layouts do, `bad-split`.
 */
export async function openDataset(
  source: FileSource,
  options: OpenOptions & { format?: DatasetFormat | "auto" } = {},
): Promise<Dataset> {
  const { format = "auto", ...rest } = options;
  if (format !== "auto") {
    const reader = datasetReaders.find((candidate) => candidate.format === format);
    if (reader === undefined) {
      const known = datasetReaders.map((candidate) => candidate.format).join(", ");
      throw new DataError("unknown-format", `[openDataset] unknown format. Got "${format}". Expected auto, ${known}.`);
    }
    return reader.open(source, rest);
  }
  const paths = await listClean(source);
  const fits = detectFormats(paths);
  const published = fits.filter((fit) => fit.format !== "folder");
  if (published.length > 1) {
    throw new DataError(
      "ambiguous-format",
      `[openDataset] several layouts in one tree. Got ${published.map((fit) => `${fit.format} (${fit.images} images)`).join(", ")}. ` +
        "Expected one. Open one folder of the tree, or name the format.",
    );
  }
  const chosen = published[0] ?? fits[0];
  if (chosen === undefined) {
    const shown = paths
      .slice(0, 3)
      .map((path) => `"${path}"`)
      .join(", ");
    throw new DataError(
      "unknown-format",
      `[openDataset] no known layout. Got ${paths.length} file(s)${shown ? `: ${shown}` : ""}. Expected images/ with labels/ or masks/, ` +
        "or MoNuSeg, TNBC, CryoNuSeg, cpm17, UN-SAM or DSB2018 as published. Is this the right folder?",
    );
  }
  return datasetReaders.find((reader) => reader.format === chosen.format)!.open(source, rest);
}
