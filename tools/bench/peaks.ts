import { type Device, defineKernel, empty, spread } from "@ama-sam/tensor";
import { type Peaks, timeRuns } from "@ama-sam/testing";
import copyWgsl from "./kernels/copy.wgsl";
import fmaWgsl from "./kernels/fma.wgsl";

const fma = defineKernel({ name: "peak-fma", source: [fmaWgsl], uniforms: { rounds: "u32" } });
const copy = defineKernel({ name: "peak-copy", source: [copyWgsl], uniforms: { count: "u32" } });

/** The adapter's practical peaks: FMA from registers and a copy of 64 MiB. */
export async function measurePeaks(device: Device, budgetMs = 800): Promise<Peaks> {
  const groups = device.info.kind === "software" ? 256 : 16384;
  const rounds = 1024;
  const y = empty(device, [groups * 64]);
  const work = 2 * 4 * 16 * rounds * groups * 64;
  const { ms } = await timeRuns(device, () => fma.run(device, { y }, { rounds }, [groups]), budgetMs);
  y.dispose();
  const count = 4 * 2 ** 20; // vec4
  const [from, to] = [empty(device, [count * 4]), empty(device, [count * 4])];
  const moved = await timeRuns(
    device,
    () => copy.run(device, { x: from, y: to }, { count }, spread(count / 64)),
    budgetMs,
  );
  from.dispose();
  to.dispose();
  device.trim();
  return { gflops: work / ms / 1e6, gbps: (2 * count * 16) / moved.ms / 1e6 };
}
