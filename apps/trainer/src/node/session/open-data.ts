import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import {
  type Dataset,
  type DatasetItem,
  type FileSource,
  type Finding,
  type Manifest,
  openDataset,
  openManifest,
  parseManifest,
  parseSplitFile,
} from "@ama-sam/data";
import { type BatchOrder, type Config, type DatasetConfig, holdOut, type TrainingSource } from "ama-sam";
import { CommandError, naming } from "../errors";
import { directorySource } from "../files/directory-source";
import { readText } from "./config-file";

/** The images of a configuration by what they are for. */
export interface RunData {
  primary: TrainingSource;
  auxiliary: TrainingSource[];
  validation: DatasetItem[];
  /** Held-out primary images. */
  test: DatasetItem[];
  /** Held-out images of each auxiliary set, for the domain probe. */
  auxiliaryTest: DatasetItem[];
  /** The content of every batch, where `data.sampler.order` gives it. */
  order?: BatchOrder;
  /** Warnings of the data sets, with their names. */
  findings: Finding[];
  /** Where the files of each data set are, by its name. */
  sources: ReadonlyMap<string, FileSource>;
  /** The folder of each source, for threads that read it themselves. */
  folders: ReadonlyMap<string, string>;
  /** Ids by use and data set, for `splits.json`. */
  splits: Record<string, { train: string[]; valid: string[]; test: string[] }>;
}

interface OpenedSet {
  name: string;
  train: DatasetItem[];
  test: DatasetItem[];
  valid: DatasetItem[];
  source: FileSource;
  folder: string;
  findings: Finding[];
}

/**
 * Opens every data set of a configuration. Without `training` nothing has to be there to train on, and an undivided set is all test.
 *
 * @throws CommandError for a missing folder or split, or one without images; DataError for what is no data set
 */
export async function openRunData(config: Config, { training = true }: { training?: boolean } = {}): Promise<RunData> {
  const { primary, auxiliary, validation, sampler } = config.data;
  if (!primary) throw new CommandError("no data set is configured. Expected data.primary.path");
  const first = await openSet(primary, validation.split, training);
  const others: OpenedSet[] = [];
  for (const set of auxiliary) others.push(await openSet(set, validation.split, training));
  const names = new Set<string>();
  for (const { name, train } of [first, ...others]) {
    if (names.has(name))
      throw new CommandError(`two data sets are called ${JSON.stringify(name)}`, {
        hint: "Give each a name: data.auxiliary.0.name=...",
      });
    names.add(name);
    if (training && train.length === 0)
      throw new CommandError(`data set ${name}: no image to train on`, {
        hint: "Check its split and the keys train and test.",
      });
  }
  let { train, valid } = first;
  if (valid.length === 0) ({ training: train, validation: valid } = holdOut(train, validation.fraction));
  const ids = (items: readonly DatasetItem[]) => items.map((item) => item.id);
  return {
    primary: { name: first.name, items: train },
    auxiliary: others.map(({ name, train: items }) => ({ name, items })),
    validation: valid,
    test: first.test,
    auxiliaryTest: others.flatMap((set) => set.test),
    findings: [first, ...others].flatMap((set) => set.findings),
    ...(training && typeof sampler === "object" && "order" in sampler && { order: await readOrder(sampler.order) }),
    sources: new Map([first, ...others].map((set) => [set.name, set.source])),
    folders: new Map([first, ...others].map((set) => [set.name, set.folder])),
    splits: {
      [first.name]: { train: ids(train), valid: ids(valid), test: ids(first.test) },
      ...Object.fromEntries(others.map((set) => [set.name, { train: ids(set.train), valid: [], test: ids(set.test) }])),
    },
  };
}

async function openSet(set: DatasetConfig, validName: string, training: boolean): Promise<OpenedSet> {
  const dataset = await openOne(set).catch((error) => {
    throw naming(set.path, error);
  });
  const name = set.name ?? (set.path.endsWith(".json") ? dataset.name : basename(set.path));
  const items = dataset.items.filter((item) => item.annotation !== null);
  const of = (split: string) => items.filter((item) => item.split === split);
  const undivided = items.every((item) => item.split === undefined);
  const known = new Set(items.map((item) => item.split).filter((split) => split !== undefined));
  if (training && !undivided && !known.has(set.train))
    throw new CommandError(
      `data set ${name}: no split is called ${JSON.stringify(set.train)}. It has ${[...known].join(", ")}`,
    );
  if (training && undivided && set.train !== "train")
    throw new CommandError(`data set ${name}: no split is called ${JSON.stringify(set.train)}. It is not divided`);
  if (training && set.test !== "test" && !known.has(set.test))
    throw new CommandError(
      `data set ${name}: no split is called ${JSON.stringify(set.test)}. It has ${[...known].join(", ") || "none"}`,
    );
  const limit = (list: DatasetItem[]) => (set.limit > 0 ? list.slice(0, set.limit) : list);
  const findings = dataset.findings.map((finding) => ({ ...finding, message: `${name}: ${finding.message}` }));
  const unnamed = [...known].filter((split) => ![set.train, set.test, validName].includes(split));
  if (training && unnamed.length > 0)
    findings.push({
      level: "warning",
      code: "split-unused",
      message: `${name}: images of ${unnamed.join(", ")} are left out, because no key names them (train, test, data.validation.split)`,
    });
  if (undivided && training)
    findings.push({
      level: "warning",
      code: "no-split",
      message: `${name}: no split, so every image trains and none is left for a test`,
    });
  return {
    name,
    train: limit(undivided ? items : of(set.train)),
    valid: undivided || validName === set.train ? [] : of(validName),
    test: undivided ? (training ? [] : limit(items)) : limit(of(set.test)),
    source: dataset.source,
    folder: await folderOf(set),
    findings,
  };
}

/** A folder, or the one that a manifest of `prepare` was made of: its own, unless it says where else. */
async function folderOf({ path }: DatasetConfig): Promise<string> {
  if (!path.endsWith(".json")) return path;
  const { root = "." } = parseManifest(await readFile(path, "utf8")) as Manifest & { root?: unknown };
  if (typeof root !== "string") throw new CommandError(`${path}: root is no folder. Got ${JSON.stringify(root)}`);
  return resolve(dirname(path), root);
}

/** A folder, or a manifest of `prepare`. */
async function openOne(set: DatasetConfig): Promise<Dataset> {
  if (set.path.endsWith(".json")) {
    const manifest = parseManifest(await readFile(set.path, "utf8"));
    return openManifest(await directorySource(await folderOf(set)), manifest);
  }
  const { format, split, annotator, set: subset } = set;
  return openDataset(await directorySource(await folderOf(set)), {
    name: set.name ?? basename(set.path),
    format,
    ...(split !== undefined && {
      split: split.endsWith(".json") ? parseSplitFile(await readFile(split, "utf8")) : split,
    }),
    ...(annotator !== undefined && { annotator }),
    ...(subset !== undefined && { set: subset }),
  });
}

/** @throws CommandError that names the file, for anything but `{ stepsPerEpoch, batches: [[ids]] }` */
async function readOrder(path: string): Promise<BatchOrder> {
  const text = await readText(path);
  let value: Partial<Record<keyof BatchOrder, unknown>> | null = null;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CommandError(`${path}: no JSON (${(cause as Error).message})`, { cause });
  }
  const { stepsPerEpoch, batches } = value ?? {};
  const isBatch = (ids: unknown) => Array.isArray(ids) && ids.every((id) => typeof id === "string");
  if (
    !Number.isSafeInteger(stepsPerEpoch) ||
    Number(stepsPerEpoch) < 1 ||
    !Array.isArray(batches) ||
    !batches.every(isBatch)
  )
    throw new CommandError(
      `${path}: no order of batches. Expected { "stepsPerEpoch": 5, "batches": [["SET/ID"], ...] }`,
    );
  return { stepsPerEpoch: Number(stepsPerEpoch), batches };
}
