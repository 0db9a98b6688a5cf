import type { Dataset, DatasetFormat, Finding, ItemRecord, OpenOptions } from "../datasets/dataset";
import { loadSample } from "../datasets/load-sample";
import { openDataset } from "../datasets/open-dataset";
import { DataError } from "../errors";
import type { FileSource } from "../source/file-source";
import { sha256Hex } from "../source/sha256";
import type { Manifest, ManifestItem } from "./manifest";

/** Options of `prepare`. */
export interface PrepareOptions extends OpenOptions {
  format?: DatasetFormat | "auto";
  /** Called after every checked image. */
  onProgress?: (done: number, total: number, id: string) => void;
  signal?: AbortSignal;
}

/** What `prepare` found: numbers for a summary, and every problem. */
export interface PrepareReport {
  /** Images that the manifest holds. */
  usable: number;
  /** Images that were refused while being read, by id. */
  refused: string[];
  nuclei: number;
  /** Images per split; `none` counts those without. */
  splits: Record<string, number>;
  /** Every image size with how often it occurs, such as `512 x 512`. */
  sizes: Record<string, number>;
  /** Every pixel size in micrometres with how often it occurs; `unknown` where no file says it. */
  micronsPerPixel: Record<string, number>;
  findings: Finding[];
  /** True when no finding is an error. */
  ok: boolean;
}

/**
 * Checks a whole tree: pairs images with annotations, reads every file, explains each problem, hashes what is usable.
 *
 * Nothing is written: the caller stores `manifest` (JSON) in one atomic step once this has returned. One bad file never ends the
 * check; it becomes a finding and is left out of the manifest. Images with equal bytes in different splits are reported as
 * `duplicate-image`.
 *
 * @throws DataError when the tree is no data set at all, or the split does not fit; the signal's reason when aborted.
 */
export async function prepare(
  source: FileSource,
  options: PrepareOptions = {},
): Promise<{ manifest: Manifest; report: PrepareReport; dataset: Dataset }> {
  const { onProgress, signal, ...open } = options;
  const dataset = await openDataset(source, open);
  const findings: Finding[] = [...dataset.findings];
  const items: ManifestItem[] = [];
  const refused: string[] = [];
  for (const [i, item] of dataset.items.entries()) {
    signal?.throwIfAborted();
    if (item.annotation !== null) {
      try {
        const checked = await checkItem(source, item, options);
        items.push(checked.item);
        findings.push(...checked.findings);
      } catch (error) {
        refused.push(item.id);
        findings.push(asFinding(error, item));
      }
    }
    onProgress?.(i + 1, dataset.items.length, item.id);
  }
  findings.push(...duplicates(items), ...sharedGroups(dataset, items));
  const manifest: Manifest = {
    version: 1,
    name: dataset.name,
    format: dataset.format,
    ...(dataset.splitName === undefined ? {} : { splitName: dataset.splitName }),
    items,
  };
  return { manifest, report: summarise(items, refused, findings), dataset };
}

async function checkItem(
  source: FileSource,
  { id, split, group, imagePath, annotation }: ItemRecord,
  options: PrepareOptions,
): Promise<{ item: ManifestItem; findings: Finding[] }> {
  // Each file is read once: what is hashed is what was checked, even if the disk changes meanwhile.
  const bytes = new Map<string, Uint8Array>();
  const once: FileSource = {
    list: () => source.list(),
    read: async (path) => {
      const found = bytes.get(path) ?? (await source.read(path));
      bytes.set(path, found);
      return found;
    },
  };
  const sample = await loadSample(once, { id, imagePath, annotation }, options);
  const { width, height } = sample.image;
  let inside = 0;
  for (const pixel of sample.mask!) inside += pixel;
  const mpp = sample.micronsPerPixel;
  return {
    item: {
      id,
      ...(split === undefined ? {} : { split }),
      ...(group === undefined ? {} : { group }),
      imagePath,
      annotation: annotation!,
      sha256: await sha256Hex(await once.read(imagePath)),
      annotationSha256: await Promise.all(annotation!.paths.map(async (path) => sha256Hex(await once.read(path)))),
      width,
      height,
      nuclei: sample.nuclei,
      foreground: inside / (width * height),
      instanceKind: sample.instanceKind,
      ...(mpp === undefined ? {} : { micronsPerPixel: mpp }),
    },
    findings: sample.warnings,
  };
}

function asFinding(error: unknown, item: ItemRecord): Finding {
  if (DataError.isInstance(error)) {
    return { level: "error", code: error.code, message: error.message, path: error.path ?? item.imagePath };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { level: "error", code: "unreadable", message, path: item.imagePath };
}

/** Equal image bytes under two ids: an error across splits (the test set would be trained on), else a warning. */
function duplicates(items: readonly ManifestItem[]): Finding[] {
  const findings: Finding[] = [];
  const first = new Map<string, ManifestItem>();
  for (const item of items) {
    const other = first.get(item.sha256);
    if (other === undefined) first.set(item.sha256, item);
    else {
      const leak = other.split !== item.split;
      findings.push({
        level: leak ? "error" : "warning",
        code: "duplicate-image",
        message:
          `the same bytes as "${other.id}"` +
          (leak ? `, which is in ${other.split ?? "no split"}, this in ${item.split ?? "none"}` : ""),
        path: item.imagePath,
      });
    }
  }
  return findings;
}

/** A patient (or slide) on both sides of train and test makes test numbers too good. */
function sharedGroups(dataset: Dataset, items: readonly ManifestItem[]): Finding[] {
  // CryoNuSeg's groups are organs, which are meant to be on both sides.
  if (dataset.format === "cryonuseg") return [];
  const splitsOf = new Map<string, Set<string>>();
  for (const { group, split } of items) {
    if (group === undefined || split === undefined) continue;
    splitsOf.set(group, (splitsOf.get(group) ?? new Set()).add(split));
  }
  return [...splitsOf]
    .filter(([, splits]) => splits.size > 1)
    .map(([group, splits]) => ({
      level: "warning" as const,
      code: "shared-group",
      message: `"${group}" has images in ${[...splits].join(" and ")}: results on the test set will look too good`,
    }));
}

function summarise(items: readonly ManifestItem[], refused: string[], findings: Finding[]): PrepareReport {
  const count = (keyOf: (item: ManifestItem) => string): Record<string, number> => {
    const table: Record<string, number> = {};
    for (const item of items) table[keyOf(item)] = (table[keyOf(item)] ?? 0) + 1;
    return table;
  };
  return {
    usable: items.length,
    refused,
    nuclei: items.reduce((sum, item) => sum + item.nuclei, 0),
    splits: count((item) => item.split ?? "none"),
    sizes: count((item) => `${item.width} x ${item.height}`),
    micronsPerPixel: count((item) => (item.micronsPerPixel === undefined ? "unknown" : String(item.micronsPerPixel))),
    findings,
    ok: findings.every((finding) => finding.level !== "error"),
  };
}
