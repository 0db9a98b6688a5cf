import type { DatasetItem, Sample } from "./datasets/dataset";
import { type Augmentation, noAugmentation } from "./transform/augmentation";
import { makeTrainingSample, type TrainingSample } from "./transform/training-sample";

/**
 * Makes one training sample: the seam where an app puts a pool of workers.
 *
 * The answer depends only on the item's files and on `at`; a worker gives the same by `loadSample` and `makeTrainingSample`.
 */
export type SampleLoader = (item: DatasetItem, at: { epoch: number; index: number }) => Promise<TrainingSample>;

/** Options of `createSampleLoader`. */
export interface SampleLoaderOptions {
  /** Side of the model's square input in pixels. */
  size: number;
  augmentation?: Augmentation;
  seed?: number;
  /** Decoded images are kept up to this many bytes, the least recently used leave first; default 256 MiB, 0 keeps none. */
  cacheBytes?: number;
}

/** The default loader: decodes in this thread and keeps decoded images, since an epoch needs all of them again. */
export function createSampleLoader(options: SampleLoaderOptions): SampleLoader {
  const { size, augmentation = noAugmentation, seed = 0, cacheBytes = 256 * 2 ** 20 } = options;
  const decoded = sampleCache(cacheBytes);
  return async (item, { epoch, index }) =>
    makeTrainingSample(await decoded(item), { size, augmentation, seed, epoch, index });
}

/** Remembers decoded samples by item, bounded by bytes; two requests at once share one decoding, failures are not kept. */
function sampleCache(limitBytes: number): (item: DatasetItem) => Promise<Sample> {
  const kept = new Map<DatasetItem, { sample: Promise<Sample>; bytes: number }>();
  let total = 0;
  const forget = (item: DatasetItem): void => {
    total -= kept.get(item)?.bytes ?? 0;
    kept.delete(item);
  };
  return (item) => {
    const found = kept.get(item);
    if (found !== undefined) {
      // Re-inserting makes it the youngest: a Map keeps insertion order.
      kept.delete(item);
      kept.set(item, found);
      return found.sample;
    }
    const entry = { sample: item.load(), bytes: 0 };
    kept.set(item, entry);
    entry.sample.then(
      ({ image, labels, mask }) => {
        if (kept.get(item) !== entry) return;
        entry.bytes = image.data.byteLength + (labels?.byteLength ?? 0) + (mask?.byteLength ?? 0);
        total += entry.bytes;
        for (const oldest of kept.keys()) {
          if (total <= limitBytes) break;
          forget(oldest);
        }
      },
      () => forget(item),
    );
    return entry.sample;
  };
}
