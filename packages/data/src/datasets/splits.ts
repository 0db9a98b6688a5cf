import { DataError } from "../errors";
import { sha256Hex } from "../source/sha256";
import type { Dataset, Finding, ItemRecord } from "./dataset";

/** Which images belong where: split name -> ids. An id that is in no list takes no part. */
export interface SplitFile {
  name: string;
  splits: Readonly<Record<string, readonly SplitEntry[]>>;
}

/** One image of a split: its id and, where it was recorded, the SHA-256 of the image file. */
export interface SplitEntry {
  id: string;
  sha256?: string;
}

/** A split that can be asked for by name. */
export interface NamedSplit {
  name: string;
  description: string;
  /** Someone wrote it for these very images: that none of them is in it is a mistake, where an official split just does not apply. */
  ofFile?: boolean;
  /** Split of every item (undefined = takes no part), and the official images that are not there. */
  assign(items: readonly ItemRecord[]): { splitOf: ReadonlyMap<string, string | undefined>; missing: string[] };
}

/** A named split that is a rule on one item, such as "slides 01 to 06 train". */
export function ruleSplit(
  name: string,
  description: string,
  rule: (item: ItemRecord) => string | undefined,
): NamedSplit {
  return {
    name,
    description,
    assign: (items) => ({ splitOf: new Map(items.map((item) => [item.id, rule(item)])), missing: [] }),
  };
}

/**
 * Reads a split file (JSON text or its parsed value).
 *
 * Two forms are accepted: `{ "name", "splits": { "train": [{ "id", "sha256"? } | "id", ...], ... } }`, as `recordSplit` writes it,
 * and the bare `{ "train": ["id", ...], "valid": [...], "test": [...] }`.
 *
 * @throws DataError `bad-split`
 */
export function parseSplitFile(json: string | unknown): SplitFile {
  const fail = (what: string, got: unknown): never => {
    const shown = JSON.stringify(got)?.slice(0, 80) ?? String(got);
    throw new DataError(
      "bad-split",
      `[parseSplitFile] ${what}. Got ${shown}. Expected { "train": ["id", ...], "test": [...] }.`,
    );
  };
  let value: unknown = json;
  if (typeof json === "string") {
    try {
      value = JSON.parse(json);
    } catch {
      fail("not JSON", json);
    }
  }
  if (!isRecord(value)) return fail("not an object", value);
  const table = "splits" in value ? value.splits : value;
  if (!isRecord(table)) return fail('"splits" is not an object', table);
  const splits: Record<string, SplitEntry[]> = {};
  const seen = new Map<string, string>();
  for (const [split, list] of Object.entries(table)) {
    if (table === value && split === "name") continue;
    if (!Array.isArray(list)) return fail(`split "${split}" is not a list`, list);
    splits[split] = list.map((entry: unknown) => {
      const id = typeof entry === "string" ? entry : isRecord(entry) ? entry.id : undefined;
      if (typeof id !== "string" || id === "") return fail(`an entry of "${split}" has no id`, entry);
      const sha256 = isRecord(entry) ? entry.sha256 : undefined;
      if (sha256 !== undefined && (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256))) {
        return fail(`"${id}" has a bad sha256`, sha256);
      }
      const other = seen.get(id);
      if (other !== undefined) return fail(`"${id}" is listed twice`, [other, split]);
      seen.set(id, split);
      return sha256 === undefined ? { id } : { id, sha256: sha256 as string };
    });
  }
  if (Object.keys(splits).length === 0) return fail("no split in it", value);
  return { name: typeof value.name === "string" ? value.name : "split file", splits };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The parts' names as this package has them, from those that people give them. */
const SPLIT_NAMES: Readonly<Record<string, string>> = {
  train: "train",
  training: "train",
  val: "valid",
  valid: "valid",
  validation: "valid",
  test: "test",
  testing: "test",
};

/** `train`, `valid` or `test` for their usual spellings; undefined for any other name. */
export function usualSplit(name: string): string | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(SPLIT_NAMES, key) ? SPLIT_NAMES[key] : undefined;
}

/** A split file as a `NamedSplit`: replaces every split of a data set. `val`, `validation` and the like mean `valid`. */
export function splitFromFile(file: SplitFile): NamedSplit {
  const splitOf = new Map<string, string>();
  for (const [split, entries] of Object.entries(file.splits))
    for (const { id } of entries) splitOf.set(id, usualSplit(split) ?? split);
  return {
    ofFile: true,
    name: file.name,
    description: `split file "${file.name}"`,
    assign: (items) => {
      const present = new Set(items.map((item) => item.id));
      return {
        splitOf: new Map(items.map((item) => [item.id, splitOf.get(item.id)])),
        missing: [...splitOf.keys()].filter((id) => !present.has(id)),
      };
    },
  };
}

/**
 * Gives every item its split.
 *
 * @param wanted a name out of `named`, a split file, or undefined: then `fallback` (or the folders when that is undefined too).
 * @throws DataError `bad-split` for an unknown name, or when none of the split's images is there.
 */
export function applySplit(
  items: readonly ItemRecord[],
  wanted: string | SplitFile | undefined,
  named: readonly NamedSplit[],
  fallback: NamedSplit | undefined,
): { items: ItemRecord[]; splitName: string | undefined; findings: Finding[] } {
  const split = chooseSplit(wanted, named) ?? fallback;
  if (split === undefined) {
    const anyFolder = items.some((item) => item.split !== undefined);
    return { items: [...items], splitName: anyFolder ? "folders" : undefined, findings: [] };
  }
  const { splitOf, missing } = split.assign(items);
  const used = items.filter((item) => splitOf.get(item.id) !== undefined).length;
  if (used === 0 && items.length > 0 && (wanted !== undefined || split.ofFile)) {
    throw new DataError(
      "bad-split",
      `[openDataset] no image of split "${split.name}" is here. Got ids such as "${items[0]?.id}". Expected "${missing[0] ?? "others"}". ` +
        "Check that the split belongs to this data set.",
    );
  }
  const findings: Finding[] = [];
  if (missing.length > 0) {
    findings.push({
      level: "warning",
      code: "split-missing",
      message: `${missing.length} image(s) of split "${split.name}" are not here: ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ", ..." : ""}`,
    });
  }
  const assigned = items.map(({ split: _folder, ...item }) => {
    const name = splitOf.get(item.id);
    return name === undefined ? item : { ...item, split: name };
  });
  return { items: assigned, splitName: split.name, findings };
}

function chooseSplit(wanted: string | SplitFile | undefined, named: readonly NamedSplit[]): NamedSplit | undefined {
  if (wanted === undefined || wanted === "folders") return undefined;
  if (typeof wanted !== "string") return splitFromFile(wanted);
  const found = named.find((split) => split.name === wanted);
  if (found === undefined) {
    throw new DataError(
      "bad-split",
      `[openDataset] unknown split. Got "${wanted}". Expected ${["folders", ...named.map((split) => split.name)].join(", ")} or a split file.`,
    );
  }
  return found;
}

/**
 * Records the split of a data set with the SHA-256 of every image file, so that a result can say what it was measured on.
 *
 * Items without split are left out. The answer is what `parseSplitFile` reads.
 */
export async function recordSplit(dataset: Dataset): Promise<SplitFile> {
  const splits: Record<string, SplitEntry[]> = {};
  for (const item of dataset.items) {
    if (item.split === undefined) continue;
    splits[item.split] ??= [];
    splits[item.split]!.push({ id: item.id, sha256: await sha256Hex(await dataset.source.read(item.imagePath)) });
  }
  return { name: dataset.splitName ?? "none", splits };
}

/** Checks a data set against a recorded split: one finding per image that is missing, in another split, or has other bytes. */
export async function verifySplit(dataset: Dataset, recorded: SplitFile): Promise<Finding[]> {
  const findings: Finding[] = [];
  const items = new Map(dataset.items.map((item) => [item.id, item]));
  for (const [split, entries] of Object.entries(recorded.splits)) {
    for (const { id, sha256 } of entries) {
      const item = items.get(id);
      if (item === undefined) {
        findings.push({ level: "error", code: "split-missing", message: `"${id}" of "${split}" is not here` });
        continue;
      }
      const path = item.imagePath;
      if (item.split !== split) {
        findings.push({
          level: "error",
          code: "split-differs",
          message: `"${id}" is in "${item.split}", recorded as "${split}"`,
          path,
        });
      }
      if (sha256 !== undefined && (await sha256Hex(await dataset.source.read(path))) !== sha256) {
        findings.push({ level: "error", code: "checksum", message: `"${id}" does not have the recorded bytes`, path });
      }
    }
  }
  return findings;
}
