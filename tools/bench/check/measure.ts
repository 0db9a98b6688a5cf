import type { Device } from "@ama-sam/tensor";
import type { Bench } from "@ama-sam/testing";
import type { PeakProbe } from "../peaks";
import { repeated, type Times } from "../timed";
import type { Round } from "./compare";

/** Work per time: by processor time on a software adapter, where it is the work itself; by wall time on hardware. */
const rate = (device: Device, work: number, { ms, cpuMs }: Times) =>
  work / (device.info.kind === "software" ? cpuMs : ms);

/** How long a bench and each probe run in a round. */
const ROUND_MS = 120;

/** Alternates a bench with the probes of its kind. */
export async function measureRounds(
  device: Device,
  bench: Bench,
  probes: readonly PeakProbe[],
  count: number,
): Promise<Round[]> {
  const kind = bench.flops > 0 ? "flops" : "bytes";
  const timesOf = (run: () => void) => {
    const once = async () => {
      run();
      await device.sync();
    };
    return repeated(once, ROUND_MS);
  };
  const ready = bench.setup(device);
  try {
    ready.run();
    await device.sync();
    const rounds: Round[] = [];
    for (let i = 0; i < count; i++) {
      let probe = 0;
      for (const it of probes.filter((p) => p.kind === kind))
        probe = Math.max(probe, rate(device, it.work, await timesOf(it.run)));
      rounds.push({ bench: rate(device, bench[kind], await timesOf(ready.run)), probe });
    }
    return rounds;
  } finally {
    ready.dispose();
    device.trim();
  }
}
