const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

function mulHigh(a: number, b: number): number {
  const [al, ah, bl, bh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const low = al * bl;
  const mid = ah * bl + (low >>> 16);
  const mid2 = al * bh + (mid & 0xffff);
  return (ah * bh + Math.floor(mid / 65536) + (mid2 >>> 16)) >>> 0;
}

/** Four random words from a key and a counter (Philox4x32-10, Salmon et al. 2011). */
export function philox(
  key: readonly [number, number],
  counter: readonly [number, number, number, number],
): [number, number, number, number] {
  let [k0, k1] = key;
  let [c0, c1, c2, c3] = counter;
  for (let round = 0; round < 10; round++) {
    const [h0, l0] = [mulHigh(M0, c0), Math.imul(M0, c0) >>> 0];
    const [h1, l1] = [mulHigh(M1, c2), Math.imul(M1, c2) >>> 0];
    [c0, c1, c2, c3] = [(h1 ^ c1 ^ k0) >>> 0, l1, (h0 ^ c3 ^ k1) >>> 0, l0];
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

function hashName(name: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) h = Math.imul(h ^ byte, 0x01000193) >>> 0;
  return h;
}

/**
 * Random numbers for initial weights: a pure function of the seed and the parameter's name, so that adding a layer does not
 * change the others.
 */
export class Generator {
  readonly seed: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
  }

  /** `count` numbers uniform in [low, high). */
  uniform(name: string, count: number, low: number, high: number): Float32Array {
    return this.#fill(name, count, (u) => low + (high - low) * u);
  }

  /** `count` normal numbers (Box-Muller). */
  normal(name: string, count: number, deviation = 1): Float32Array {
    const u = this.#fill(name, count + (count % 2), (v) => v);
    const out = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      const radius = deviation * Math.sqrt(-2 * Math.log(1 - u[i]));
      out[i] = radius * Math.cos(2 * Math.PI * u[i + 1]);
      if (i + 1 < count) out[i + 1] = radius * Math.sin(2 * Math.PI * u[i + 1]);
    }
    return out;
  }

  #fill(name: string, count: number, map: (u: number) => number): Float32Array {
    const out = new Float32Array(count);
    const key: [number, number] = [this.seed, hashName(name)];
    for (let i = 0; i < count; i += 4) {
      const words = philox(key, [i / 4, 0, 0, 0]);
      for (let j = 0; j < 4 && i + j < count; j++) out[i + j] = map((words[j] >>> 8) / 2 ** 24);
    }
    return out;
  }
}
