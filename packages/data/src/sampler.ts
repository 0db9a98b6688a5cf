import { DataError } from "./errors";
import { permutation, randomStream } from "./transform/rng";

/**
 * How often each data set is drawn.
 *
 * - `proportional`: by number of images; an epoch shows every image of every set.
 * - `balanced`: every data set equally often, the primary counting as one of them.
 * - `ratio: [p, a]`: p primary for every a auxiliary samples, the auxiliary sets among each other by number of images.
 *
 * With `balanced` and `ratio` an epoch ends when every primary image was shown; auxiliary sets that are larger than their share
 * go on in the next epoch where they stopped.
 */
export type MixingPolicy = "proportional" | "balanced" | { ratio: readonly [primary: number, auxiliary: number] };

/** Options of `createSampler`. */
export interface SamplerOptions {
  /** Number of training images in the primary data set. */
  primary: number;
  /** Number of training images in every auxiliary data set; none = training on the primary set alone. */
  auxiliary?: readonly number[];
  batchSize: number;
  seed?: number;
  /** Default `proportional`. */
  policy?: MixingPolicy;
}

/** One sample of a batch. */
export interface SampleRef {
  /** 0 = primary, 1 and above = auxiliary sets in the order given. */
  dataset: number;
  /** Index of the image in its data set's training items. */
  item: number;
  /** Position in the epoch, counted over all batches: seeds the augmentation. */
  draw: number;
}

/** Where training stands: the batch that comes next. Nothing else has to be saved to resume. */
export interface SamplerCursor {
  epoch: number;
  step: number;
}

/** Draws batches that mix domains; a pure function of (seed, epoch, step). */
export interface Sampler {
  readonly stepsPerEpoch: number;
  readonly batchSize: number;
  /** The samples of one batch, primary first, then the auxiliary sets in order. */
  batch(epoch: number, step: number): SampleRef[];
  /** All batches from a cursor to the end of epoch `epochs - 1`, each with its own cursor. */
  batches(from: SamplerCursor, epochs: number): Generator<SamplerCursor & { refs: SampleRef[] }>;
  /** The cursor after this one. */
  next(cursor: SamplerCursor): SamplerCursor;
}

const samplerStream = 0x73616d;

/** Stands for the epoch in permutations that span epochs; no real epoch gets there. */
const acrossEpochs = 0xffffffff;

/**
 * Builds the sampler that the conditional gradient reversal needs: where there are auxiliary sets and the batch holds two or more,
 * every batch holds primary and auxiliary samples.
 *
 * Batches are full; a set that runs out is shuffled anew and goes on, so the last batch repeats a few images instead of being short.
 *
 * @throws DataError `bad-argument` for empty sets, a batch size below 1 or a ratio that is not positive.
 */
export function createSampler(options: SamplerOptions): Sampler {
  const { primary, auxiliary = [], batchSize, seed = 0, policy = "proportional" } = options;
  const sizes = [primary, ...auxiliary];
  check("batchSize", batchSize);
  sizes.forEach((size, i) => {
    check(i === 0 ? "primary" : `auxiliary[${i - 1}]`, size);
  });
  const shares = mixable(sharesOf(policy, sizes), batchSize);
  const plan = planEpoch(sizes, shares, batchSize, policy === "proportional");
  const { stepsPerEpoch, before } = plan;
  const totals = before[stepsPerEpoch]!;

  // Permutations are pure functions of (seed, set, a, b); the map only saves work.
  const cache = new Map<string, Uint32Array>();
  const order = (dataset: number, a: number, b: number): Uint32Array => {
    const key = `${dataset}/${a}/${b}`;
    let found = cache.get(key);
    if (found === undefined) {
      found = permutation(sizes[dataset]!, randomStream(seed, samplerStream + dataset * 2 ** 24, a, b));
      if (cache.size > 4 * sizes.length) cache.clear();
      cache.set(key, found);
    }
    return found;
  };
  const draw = (dataset: number, epoch: number, position: number): number => {
    const size = sizes[dataset]!;
    const perEpoch = totals[dataset]!;
    // A set that is shown completely starts anew each epoch (so that it is complete in each); a larger one goes on.
    const whole = perEpoch >= size;
    const at = whole ? position : epoch * perEpoch + position;
    const cycle = Math.floor(at / size);
    return order(dataset, whole ? epoch : acrossEpochs, cycle)[at % size]!;
  };

  const batch = (epoch: number, step: number): SampleRef[] => {
    if (!Number.isInteger(epoch) || epoch < 0 || !Number.isInteger(step) || step < 0 || step >= stepsPerEpoch) {
      throw new DataError(
        "bad-argument",
        `[Sampler.batch] no such batch. Got epoch ${epoch}, step ${step}. Expected epoch >= 0, step 0 .. ${stepsPerEpoch - 1}.`,
      );
    }
    const refs: SampleRef[] = [];
    for (let dataset = 0; dataset < sizes.length; dataset++) {
      for (let position = before[step]![dataset]!; position < before[step + 1]![dataset]!; position++) {
        refs.push({ dataset, item: draw(dataset, epoch, position), draw: step * batchSize + refs.length });
      }
    }
    return refs;
  };
  const next = ({ epoch, step }: SamplerCursor): SamplerCursor =>
    step + 1 < stepsPerEpoch ? { epoch, step: step + 1 } : { epoch: epoch + 1, step: 0 };
  return {
    stepsPerEpoch,
    batchSize,
    batch,
    next,
    *batches(from, epochs) {
      for (let at = from; at.epoch < epochs; at = next(at)) yield { ...at, refs: batch(at.epoch, at.step) };
    },
  };
}

function check(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new DataError("bad-argument", `[createSampler] ${name} is wrong. Got ${value}. Expected a whole number >= 1.`);
}

/** The share of each data set in the long run; sums to 1. */
function sharesOf(policy: MixingPolicy, sizes: readonly number[]): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (policy === "proportional" || sizes.length === 1) return sizes.map((size) => size / total);
  if (policy === "balanced") return sizes.map(() => 1 / sizes.length);
  const [p, a] = policy.ratio;
  if (!(p > 0) || !(a > 0) || !Number.isFinite(p + a)) {
    throw new DataError(
      "bad-argument",
      `[createSampler] ratio is wrong. Got [${p}, ${a}]. Expected two positive numbers.`,
    );
  }
  return sizes.map((size, i) => (i === 0 ? p : (a * size) / (total - sizes[0]!)) / (p + a));
}

/**
 * Moves the primary share so that one sample of each side fits every batch: between 1 / B and (B - 1) / B. Without this the credits
 * of `planEpoch` would drift apart for ever, and a small auxiliary set would never have its turn.
 */
function mixable(shares: readonly number[], batchSize: number): number[] {
  const primary = shares[0]!;
  if (shares.length === 1 || batchSize < 2) return [...shares];
  const moved = Math.min((batchSize - 1) / batchSize, Math.max(1 / batchSize, primary));
  return shares.map((share, i) => (i === 0 ? moved : (share * (1 - moved)) / (1 - primary)));
}

/** For every step, how many samples of each set the batches before it hold: the same in every epoch. */
function planEpoch(
  sizes: readonly number[],
  shares: readonly number[],
  batchSize: number,
  coverAll: boolean,
): { stepsPerEpoch: number; before: number[][] } {
  const mixed = sizes.length > 1 && batchSize >= 2;
  const before: number[][] = [sizes.map(() => 0)];
  const credit = sizes.map(() => 0);
  const covered = (): boolean => {
    const drawn = before.at(-1)!;
    return coverAll ? sizes.every((size, i) => drawn[i]! >= size) : drawn[0]! >= sizes[0]!;
  };
  while (!covered()) {
    const counts = sizes.map(() => 0);
    for (let i = 0; i < sizes.length; i++) credit[i]! += shares[i]! * batchSize;
    const take = (from: number, to: number): void => {
      let best = from;
      // The smallest index wins ties: the plan must not depend on rounding luck.
      for (let i = from + 1; i < to; i++) if (credit[i]! > credit[best]! + 1e-9) best = i;
      counts[best]!++;
      credit[best]!--;
    };
    if (mixed) {
      take(0, 1);
      take(1, sizes.length);
    }
    for (let slot = mixed ? 2 : 0; slot < batchSize; slot++) take(0, sizes.length);
    before.push(before.at(-1)!.map((sum, i) => sum + counts[i]!));
  }
  return { stepsPerEpoch: before.length - 1, before };
}
