import type { Dataset, DatasetItem } from "@ama-sam/data";
import { AmaSamError } from "../errors";
import type { Config, DatasetConfig } from "../schema/config";
import { holdOut } from "./hold-out";
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

const annotated = (set: Dataset): Dataset => ({ ...set, items: set.items.filter((item) => item.annotation !== null) });

/** Items of a part of the split; without any split every image trains. */
function partOf({ items }: Dataset, part: string, isTraining = false): DatasetItem[] {
  const split = items.some((item) => item.split !== undefined);
  return split ? items.filter((item) => item.split === part) : isTraining ? [...items] : [];
}

/**
 * Splits opened data sets into training, validation and test images, as the configuration says.
 *
 * Validation is the split's own part where there is one, else what {@link holdOut} takes out of the primary training images. Images
 * without an annotation take no part.
 * @throws AmaSamError where nothing is left to train on
 */
export function selectImages(config: Config, opened: OpenedData): SelectedImages {
  const primary = annotated(opened.primary);
  const auxiliary = opened.auxiliary.map(annotated);
  const { data } = config;
  const limited = (items: DatasetItem[], set?: DatasetConfig): DatasetItem[] =>
    set && set.limit > 0 ? items.slice(0, set.limit) : items;
  const name = data.primary?.train ?? "train";
  const all = limited(partOf(primary, name, true), data.primary);
  const own = data.validation.split === name ? [] : partOf(primary, data.validation.split);
  const { training, validation } =
    own.length > 0 ? { training: all, validation: own } : holdOut(all, data.validation.fraction);
  if (training.length === 0) {
    const parts = [...new Set(primary.items.map((item) => item.split ?? "none"))].join(", ");
    throw new AmaSamError(
      "selectImages",
      `no primary image to train on. Got ${primary.items.length} images of ${primary.name}, parts ${parts || "none"}, ${validation.length} for validation. Expected some in part ${name}; see data.primary.train and data.validation.`,
    );
  }
  return {
    primary: { name: primary.name, items: training },
    auxiliary: auxiliary.map((set, i) => ({
      name: set.name,
      items: limited(partOf(set, data.auxiliary[i]?.train ?? "train", true), data.auxiliary[i]),
    })),
    validation,
    test: partOf(primary, data.primary?.test ?? "test"),
    auxiliaryTest: auxiliary.flatMap((set, i) => partOf(set, data.auxiliary[i]?.test ?? "test")),
  };
}
