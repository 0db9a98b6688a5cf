import type { Annotation, Dataset, DatasetFormat, DatasetItem, Finding, ItemRecord, Sample } from "../datasets/dataset";
import { withLoad } from "../datasets/pairing";
import { DataError } from "../errors";
import type { FileSource } from "../source/file-source";
import { sha256Hex } from "../source/sha256";

/** One checked image of a manifest: where it is, what its bytes are, what is in it. */
export interface ManifestItem extends ItemRecord {
  annotation: Annotation;
  /** SHA-256 of the image file. */
  sha256: string;
  /** SHA-256 of the annotation files, in the order of `annotation.paths`. */
  annotationSha256: string[];
  width: number;
  height: number;
  nuclei: number;
  /** Share of pixels inside nuclei, 0 to 1. */
  foreground: number;
  instanceKind: Sample["instanceKind"];
  micronsPerPixel?: number;
}

/** A checked data set as plain JSON: what `prepare` found usable. Paths are relative to the source that was checked. */
export interface Manifest {
  version: 1;
  name: string;
  format: DatasetFormat;
  splitName?: string;
  items: ManifestItem[];
}

const annotationKinds: readonly string[] = [
  "image-scope-xml",
  "geojson",
  "label-image",
  "mask-image",
  "mask-or-label-image",
  "mat",
  "instance-masks",
] satisfies Annotation["kind"][];

/**
 * Reads a manifest (JSON text or its parsed value) and checks every field that is used.
 *
 * @throws DataError `bad-manifest`, with the place that is wrong.
 */
export function parseManifest(json: string | unknown): Manifest {
  let value: unknown = json;
  if (typeof json === "string") {
    try {
      value = JSON.parse(json);
    } catch {
      throw wrong("the file", json, "JSON");
    }
  }
  const manifest = value as Partial<Manifest> | null;
  if (typeof manifest !== "object" || manifest === null) throw wrong("the file", value, "an object");
  if (manifest.version !== 1) throw wrong("version", manifest.version, "1");
  if (typeof manifest.name !== "string") throw wrong("name", manifest.name, "a string");
  if (!Array.isArray(manifest.items)) throw wrong("items", manifest.items, "a list");
  const ids = new Set<string>();
  for (const [i, item] of manifest.items.entries()) {
    checkManifestItem(`items[${i}]`, item);
    if (ids.has(item.id)) throw wrong(`items[${i}].id`, item.id, "an id that is used once");
    ids.add(item.id);
  }
  return manifest as Manifest;
}

function wrong(where: string, got: unknown, expected: string): DataError {
  const shown = JSON.stringify(got)?.slice(0, 80) ?? String(got);
  return new DataError("bad-manifest", `[parseManifest] ${where} is wrong. Got ${shown}. Expected ${expected}.`);
}

function checkManifestItem(where: string, item: Partial<ManifestItem> | null): void {
  if (typeof item !== "object" || item === null) throw wrong(where, item, "an object");
  if (typeof item.id !== "string") throw wrong(`${where}.id`, item.id, "a string");
  if (typeof item.imagePath !== "string") throw wrong(`${where}.imagePath`, item.imagePath, "a path");
  if (!isSha(item.sha256)) throw wrong(`${where}.sha256`, item.sha256, "64 hexadecimal digits");
  const { annotation } = item;
  const paths: unknown = annotation?.paths;
  if (!annotation || !annotationKinds.includes(annotation.kind) || !isStrings(paths) || paths.length === 0) {
    throw wrong(`${where}.annotation`, annotation, `{ kind: ${annotationKinds.join(" | ")}, paths }`);
  }
  const sums: unknown = item.annotationSha256;
  if (!isStrings(sums) || sums.length !== paths.length || !sums.every(isSha)) {
    throw wrong(`${where}.annotationSha256`, sums, "one SHA-256 per annotation file");
  }
  for (const key of ["split", "group"] as const) {
    if (item[key] !== undefined && typeof item[key] !== "string") throw wrong(`${where}.${key}`, item[key], "a string");
  }
}

const isSha = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string");

/** Options of `openManifest`. */
export interface OpenManifestOptions {
  maxPixels?: number;
  /** Hash every file when it is loaded and refuse other bytes than the recorded ones; default true. */
  verify?: boolean;
}

/**
 * A manifest as a data set over the files it was made from; loading checks their SHA-256 (unless `verify` is false).
 *
 * @throws DataError `checksum` from `load()` when a file has changed since `prepare`.
 */
export function openManifest(source: FileSource, manifest: Manifest, options: OpenManifestOptions = {}): Dataset {
  const items = manifest.items.map((item): DatasetItem => {
    const checked = options.verify === false ? source : checkedSource(source, item);
    const { id, split, group, imagePath, annotation } = item;
    const record: ItemRecord = {
      id,
      ...(split === undefined ? {} : { split }),
      ...(group === undefined ? {} : { group }),
      imagePath,
      annotation,
    };
    return withLoad(checked, record, options);
  });
  const { name, format, splitName } = manifest;
  return { name, format, items, ...(splitName === undefined ? {} : { splitName }), findings: [], source };
}

function checkedSource(source: FileSource, item: ManifestItem): FileSource {
  const sums = new Map([[item.imagePath, item.sha256]]);
  item.annotation.paths.forEach((path, i) => {
    sums.set(path, item.annotationSha256[i]!);
  });
  return {
    list: () => source.list(),
    read: async (path) => {
      const bytes = await source.read(path);
      const expected = sums.get(path);
      const actual = expected === undefined ? undefined : await sha256Hex(bytes);
      if (actual !== expected) {
        throw new DataError(
          "checksum",
          `[openManifest] a file changed since it was prepared. Got sha256 ${actual?.slice(0, 12)}... for "${path}". ` +
            `Expected ${expected?.slice(0, 12)}.... Prepare the data set again.`,
          { path },
        );
      }
      return bytes;
    },
  };
}

/** One line per finding, errors first, as a person reads them. */
export function formatFindings(findings: readonly Finding[]): string[] {
  const order = { error: 0, warning: 1 };
  return [...findings]
    .sort((a, b) => order[a.level] - order[b.level])
    .map(({ level, code, message, path }) => `${level} ${code}${path === undefined ? "" : ` "${path}"`}: ${message}`);
}
