import type { Device } from "@ama-sam/tensor";

/** One measured shape of an op: `*.bench.ts` files beside the ops export `benches`. */
export interface Bench {
  /** `linear 4096x768x768` */
  name: string;
  /** Floating-point operations of one run; 0 where bandwidth bounds it. */
  flops: number;
  /** Bytes that one run must read and write at least. */
  bytes: number;
  /** Too large for a slow adapter's default run. */
  large?: boolean;
  /** Makes inputs; `run` starts one run and frees what it makes. */
  setup(device: Device): BenchRun;
}

/** A bench that is ready to run. */
export interface BenchRun {
  run(): void;
  dispose(): void;
}

/** Times of one bench. */
export interface BenchResult {
  name: string;
  /** Median of the runs, milliseconds. */
  ms: number;
  /** GFLOP/s, 0 without flops. */
  gflops: number;
  /** GB/s over the least bytes. */
  gbps: number;
  /** Share of the adapter's measured FMA peak, or of its copy speed for a bench without flops. */
  share: number;
  runs: number;
}

/** What the adapter can do at best, measured in the same process. */
export interface Peaks {
  /** Fused multiply-adds from registers, GFLOP/s. */
  gflops: number;
  /** A copy kernel, GB/s read plus written. */
  gbps: number;
}

const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/** Times `run` until `budgetMs` is spent, at least `least` times after a warm-up. Waits for the device after every run. */
export async function timeRuns(
  device: Device,
  run: () => void,
  budgetMs = 1500,
  least = 3,
): Promise<{ ms: number; runs: number }> {
  run();
  await device.sync();
  const times: number[] = [];
  let spent = 0;
  while (times.length < least || (spent < budgetMs && times.length < 50)) {
    const start = performance.now();
    run();
    await device.sync();
    const ms = performance.now() - start;
    times.push(ms);
    spent += ms;
  }
  return { ms: median(times), runs: times.length };
}

/** Runs one bench against the peaks. */
export async function runBench(device: Device, bench: Bench, peaks: Peaks, budgetMs?: number): Promise<BenchResult> {
  const ready = bench.setup(device);
  try {
    const { ms, runs } = await timeRuns(device, ready.run, budgetMs);
    const gflops = bench.flops / ms / 1e6;
    const gbps = bench.bytes / ms / 1e6;
    return {
      name: bench.name,
      ms,
      gflops,
      gbps,
      share: bench.flops > 0 ? gflops / peaks.gflops : gbps / peaks.gbps,
      runs,
    };
  } finally {
    ready.dispose();
    device.trim();
  }
}
