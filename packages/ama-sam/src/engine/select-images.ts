import { type Dataset, type DatasetItem, permutation, randomStream } from "@ama-sam/data";
import { AmaSamError } from "../errors";
import type { Config, DatasetConfig } from "../schema/config";
import type { TrainingData } from "./trainer";

/** Opened data sets of a configuration, in its order. */
export interface OpenedData {
  primary: Dataset;
  auxiliary: readonly Dataset[];
}

/** Images by their part. */
export interface SelectedImages extends Required<Omit<TrainingData, "order">> {
  /** Primary images for the final evaluation. */
  test: readonly DatasetItem[];
  /** Auxiliary images that take no part in training, by data set: for the domain probe. */
  auxiliaryTest: readonly DatasetItem[];
}

/** Keeps the stream of held-out images apart from other uses of the seed. */
const holdOutStream = 0x76616c;

/** Items of a part of the split; without any split every image trains. */
function partOf({ items }: Dataset, part: string): DatasetItem[] {
  const split = items.some((item) => item.split !== undefined);
  return split ? items.filter((item) => item.split === part) : part === "train" ? [...items] : [];
}

/**
 * Splits opened data sets into training, validation and test images, as the configuration says.
 *
 * Validation is the split's own part where there is one; else a fraction of the primary training images, drawn by seed, whole groups
 * (patients, slides, organs) where they are known. The training images are then without them.
 * @throws AmaSamError where nothing is left to train on
 */
export function selectImages(config: Config, { primary, auxiliary }: OpenedData): SelectedImages {
  const { data, train } = config;
  const limited = (items: DatasetItem[], set?: DatasetConfig): DatasetItem[] =>
    set && set.limit > 0 ? items.slice(0, set.limit) : items;
  const name = data.primary?.train ?? "train";
  const all = limited(partOf(primary, name), data.primary);
  const own = partOf(primary, data.validation.split);
  const validation = own.length > 0 ? own : holdOut(all, data.validation.fraction, train.seed);
  const held = new Set(validation.map((item) => item.id));
  const training = all.filter((item) => !held.has(item.id));
  if (training.length === 0) {
    const parts = [...new Set(primary.items.map((item) => item.split ?? "none"))].join(", ");
    throw new AmaSamError(
      "selectImages",
      `no primary image to train on. Got ${primary.items.length} images of ${primary.name}, parts ${parts || "none"}, ${held.size} for validation. Expected some in part ${name}; see data.primary.train and data.validation.`,
    );
  }
  return {
    primary: { name: primary.name, items: training },
    auxiliary: auxiliary.map((set, i) => ({
      name: set.name,
      items: limited(partOf(set, data.auxiliary[i]?.train ?? "train"), data.auxiliary[i]),
    })),
    validation,
    test: partOf(primary, data.primary?.test ?? "test"),
    auxiliaryTest: auxiliary.flatMap((set, i) => partOf(set, data.auxiliary[i]?.test ?? "test")),
  };
}

/** Whole groups until the fraction is reached, at least one image, never all. */
function holdOut(items: readonly DatasetItem[], fraction: number, seed: number): DatasetItem[] {
  if (fraction === 0 || items.length < 2) return [];
  const groups = new Map<string, DatasetItem[]>();
  for (const item of items) {
    const group = item.group ?? item.id;
    groups.set(group, [...(groups.get(group) ?? []), item]);
  }
  const wanted = Math.max(1, Math.round(fraction * items.length));
  const names = [...groups.keys()];
  const held = new Set<string>();
  let count = 0;
  for (const at of permutation(names.length, randomStream(seed, holdOutStream))) {
    if (count >= wanted || held.size + 1 >= names.length) break;
    held.add(names[at]!);
    count += groups.get(names[at]!)!.length;
  }
  return items.filter((item) => held.has(item.group ?? item.id));
}
