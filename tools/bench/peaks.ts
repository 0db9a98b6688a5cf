import { type Device, defineKernel, empty, spread } from "@ama-sam/tensor";
import { type Peaks, timeRuns } from "@ama-sam/testing";
import copyWgsl from "./kernels/copy.wgsl";
import copy4Wgsl from "./kernels/copy4.wgsl";
import fmaWgsl from "./kernels/fma.wgsl";
import fma3Wgsl from "./kernels/fma3.wgsl";

/** A kernel that does one thing as fast as it can. */
export interface PeakProbe {
  name: string;
  kind: "flops" | "bytes";
  /** Floating-point operations, or bytes read plus written, of one run. */
  work: number;
  run(): void;
  dispose(): void;
}

const fma = [
  { chains: 4, kernel: defineKernel({ name: "peak-fma", source: [fmaWgsl], uniforms: { rounds: "u32" } }) },
  { chains: 3, kernel: defineKernel({ name: "peak-fma3", source: [fma3Wgsl], uniforms: { rounds: "u32" } }) },
];
const copy = [
  { vectors: 1, kernel: defineKernel({ name: "peak-copy", source: [copyWgsl], uniforms: { count: "u32" } }) },
  { vectors: 4, kernel: defineKernel({ name: "peak-copy4", source: [copy4Wgsl], uniforms: { count: "u32" } }) },
];

/** The probes, ready to run: FMA from registers, and a copy of 64 MiB. The adapter's peak is the best of each kind. */
export function peakProbes(device: Device): PeakProbe[] {
  const groups = device.info.kind === "software" ? 256 : 16384;
  const rounds = 1024;
  const count = 4 * 2 ** 20; // vec4
  const y = empty(device, [groups * 64]);
  const [x, z] = [empty(device, [count * 4]), empty(device, [count * 4])];
  const dispose = () => {
    for (const t of [y, x, z]) if (!t.isDisposed) t.dispose();
  };
  return [
    ...fma.map(({ chains, kernel }) => ({
      name: `FMA, ${chains} chains`,
      kind: "flops" as const,
      work: 2 * 4 * chains * 4 * rounds * groups * 64,
      run: () => kernel.run(device, { y }, { rounds }, [groups]),
      dispose,
    })),
    ...copy.map(({ vectors, kernel }) => ({
      name: `copy, ${vectors} vec4 a lane`,
      kind: "bytes" as const,
      work: 2 * count * 16,
      run: () => kernel.run(device, { x, y: z }, { count }, spread(count / 64 / vectors)),
      dispose,
    })),
  ];
}

/** The adapter's practical peaks. */
export async function measurePeaks(device: Device, budgetMs = 400): Promise<Peaks> {
  const best = { flops: 0, bytes: 0 };
  const probes = peakProbes(device);
  for (const { kind, work, run } of probes) {
    const { ms } = await timeRuns(device, run, budgetMs);
    best[kind] = Math.max(best[kind], work / ms / 1e6);
  }
  for (const probe of probes) probe.dispose();
  device.trim();
  return { gflops: best.flops, gbps: best.bytes };
}
