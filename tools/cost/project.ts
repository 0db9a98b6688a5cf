import type { WorkByFamily } from "./count";
import type { Family } from "./families";

/** What a machine can do by its maker's data sheet, single precision. */
export interface Machine {
  name: string;
  gflops: number;
  gbps: number;
  memoryBytes: number;
}

const GB = 1e9;

/** Consumer GPUs by NVIDIA's and AMD's product pages: peak single precision, memory bandwidth, memory. */
export const GPUS: readonly Machine[] = [
  { name: "GeForce RTX 4060", gflops: 15_110, gbps: 272, memoryBytes: 8 * GB },
  { name: "Radeon RX 7900 XTX", gflops: 61_000, gbps: 960, memoryBytes: 24 * GB },
  { name: "GeForce RTX 4090", gflops: 82_580, gbps: 1008, memoryBytes: 24 * GB },
];

/** Parts of the peak that kernels reach. */
export interface Shares {
  products: number;
  attention: number;
  /** Of the bandwidth, by families that compute little. */
  bandwidth: number;
}

export const WHOLE: Shares = { products: 1, attention: 1, bandwidth: 1 };

/** Projected time of one family and what bounds it. */
export interface Bound {
  family: Family;
  ms: number;
  by: "arithmetic" | "bandwidth";
}

/** The roofline of every family: the longer of computing and moving, at parts of the peaks. */
export function boundsOf(work: WorkByFamily, machine: Machine, shares: Shares = WHOLE): Bound[] {
  return (Object.keys(work) as Family[]).map((family) => {
    const { flops, bytes } = work[family] as { flops: number; bytes: number };
    const share = family === "attention" ? shares.attention : shares.products;
    const computing = flops / (machine.gflops * share) / 1e6;
    const moving = bytes / (machine.gbps * shares.bandwidth) / 1e6;
    return { family, ms: Math.max(computing, moving), by: computing > moving ? "arithmetic" : "bandwidth" };
  });
}

export const sumMs = (bounds: readonly Bound[]): number => bounds.reduce((ms, b) => ms + b.ms, 0);

/** What takes most of the time: `products, 71 % (arithmetic)`. */
export function mainBound(bounds: readonly Bound[]): string {
  const most = bounds.reduce((a, b) => (b.ms > a.ms ? b : a));
  return `${most.family}, ${((100 * most.ms) / sumMs(bounds)).toFixed(0)} % (${most.by})`;
}

/** Work per millisecond of every family: flops where it computes, else bytes. */
export type FamilyRates = Partial<Record<Family, number>>;

/**
 * Rates of one measured run.
 * @param families milliseconds between timestamps
 * @param totalMs what the whole run takes; the families share it in proportion, so that waiting for other programs drops out
 */
export function ratesOf(work: WorkByFamily, families: Partial<Record<Family, number>>, totalMs: number): FamilyRates {
  const timed = Object.values(families).reduce((a, b) => a + b, 0);
  const rates: FamilyRates = {};
  for (const [family, ms] of Object.entries(families) as [Family, number][]) {
    const { flops, bytes } = work[family] ?? { flops: 0, bytes: 0 };
    rates[family] = ((flops || bytes) * timed) / (ms * totalMs);
  }
  return rates;
}

/** Milliseconds of other work at measured rates; NaN where a family has no rate. */
export function atRates(work: WorkByFamily, rates: FamilyRates): number {
  let ms = 0;
  for (const [family, { flops, bytes }] of Object.entries(work))
    ms += (flops || bytes) / (rates[family as Family] ?? NaN);
  return ms;
}
