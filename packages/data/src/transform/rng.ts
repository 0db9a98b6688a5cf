/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 *
 * A draw is a pure function of a key and a counter: nothing has to be saved to produce it again, in any order, on any machine.
 */

const rounds = 10;
const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** High 32 bits of the product of two unsigned 32-bit numbers, from 16-bit halves: no partial sum passes 2^53. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middle2 = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(middle2 / 0x10000)) >>> 0;
}

/**
 * One block of Philox4x32-10.
 *
 * @param counter four 32-bit words
 * @param key two 32-bit words
 * @returns four 32-bit words, equal to Random123's `philox4x32`.
 */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < rounds; round++) {
    const high0 = mulHigh(multiplier0, c0 >>> 0);
    const low0 = Math.imul(multiplier0, c0);
    const high1 = mulHigh(multiplier1, c2 >>> 0);
    const low1 = Math.imul(multiplier1, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
    k0 = (k0 + weyl0) | 0;
    k1 = (k1 + weyl1) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** A stream of random numbers; two streams with equal coordinates give equal numbers. */
export interface RandomStream {
  /** Uniform 32-bit unsigned integer. */
  u32(): number;
  /** Uniform in [0, 1), 24 bits, so that a float32 holds it exactly. */
  uniform(): number;
  /** Uniform in [low, high). */
  range(low: number, high: number): number;
  /** Uniform integer in [0, bound); bound in [1, 2^32]. Without modulo bias. */
  below(bound: number): number;
}

/**
 * The stream at coordinates (seed, stream, a, b): for samples, a = epoch and b = index.
 *
 * @param seed any whole number below 2^53; @param stream keeps the uses of one seed apart (augmentation, sampler, ...).
 */
export function randomStream(seed: number, stream: number, a = 0, b = 0): RandomStream {
  const key: [number, number] = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
  let block: readonly number[] = [];
  let used = 4;
  let n = 0;
  const u32 = (): number => {
    if (used === 4) {
      block = philox4x32([n++, b >>> 0, a >>> 0, stream >>> 0], key);
      used = 0;
    }
    return block[used++]!;
  };
  const uniform = (): number => (u32() >>> 8) / 2 ** 24;
  return {
    u32,
    uniform,
    range: (low, high) => low + (high - low) * uniform(),
    below: (bound) => {
      const limit = 2 ** 32 - (2 ** 32 % bound);
      let value = u32();
      while (value >= limit) value = u32();
      return value % bound;
    },
  };
}

/** A permutation of 0 .. length - 1 (Fisher-Yates) drawn from a stream. */
export function permutation(length: number, random: RandomStream): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const swap = order[i]!;
    order[i] = order[j]!;
    order[j] = swap;
  }
  return order;
}
