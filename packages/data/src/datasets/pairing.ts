import { DataError } from "../errors";
import { type FileSource, listClean } from "../source/file-source";
import { comparePaths } from "../source/paths";
import type { Dataset, DatasetItem, DatasetReader, Finding, ItemRecord, OpenOptions } from "./dataset";
import { loadSample } from "./load-sample";
import { applySplit, type NamedSplit } from "./splits";

/** What a reader found in a tree, before splits are applied. */
export interface Scan {
  items: ItemRecord[];
  findings: Finding[];
}

/** A finding for an image whose annotation is not there. */
export function unpairedImage(path: string, expected: string): Finding {
  return { level: "error", code: "unpaired-image", message: `no annotation. Expected ${expected}`, path };
}

/** A finding for an annotation whose image is not there. */
export function unpairedAnnotation(path: string, expected: string): Finding {
  return { level: "error", code: "unpaired-annotation", message: `no image. Expected ${expected}`, path };
}

/** A finding for a second file that claims an id already taken; the first path (in sorted order) is used. */
export function duplicateId(path: string, id: string, used: string): Finding {
  return {
    level: "error",
    code: "duplicate-id",
    message: `the id "${id}" is taken by ${used}; this file is not used`,
    path,
  };
}

/** A finding for a further annotation of an image that has one. */
export function secondAnnotation(path: string, used: string): Finding {
  return {
    level: "warning",
    code: "second-annotation",
    message: `the annotation of this image is ${used}; this file is not used`,
    path,
  };
}

/** The part that every reader shares: scan, drop what cannot be used, split, attach `load`. */
export async function openScan(
  reader: Pick<DatasetReader, "format" | "splits">,
  source: FileSource,
  options: OpenOptions,
  scan: (paths: string[]) => Scan | Promise<Scan>,
  fallback: (items: readonly ItemRecord[]) => NamedSplit | undefined = () => undefined,
): Promise<Dataset> {
  const paths = await listClean(source);
  const found = await scan(paths);
  const kept = found.items.filter((item) => item.annotation !== null || options.includeUnlabelled);
  if (kept.length === 0) {
    throw new DataError(
      "unknown-format",
      `[openDataset] no annotated image in this layout. Got ${paths.length} file(s)${paths[0] ? ` such as "${paths[0]}"` : ""}, ` +
        `${found.items.length} image(s) without annotation. Expected the layout of "${reader.format}".`,
    );
  }
  const { items, splitName, findings } = applySplit(
    kept.sort((a, b) => comparePaths(a.id, b.id)),
    options.split,
    reader.splits,
    options.split === "folders" ? undefined : fallback(kept),
  );
  return {
    name: options.name ?? reader.format,
    format: reader.format,
    items: items.map((item) => withLoad(source, item, options)),
    ...(splitName === undefined ? {} : { splitName }),
    findings: [...found.findings, ...findings],
    source,
  };
}

/** An `ItemRecord` with its `load` bound to a source. */
export function withLoad(source: FileSource, item: ItemRecord, options: Pick<OpenOptions, "maxPixels">): DatasetItem {
  return { ...item, load: () => loadSample(source, item, options) };
}
