// Not a library: what the adapter can do at best, measured between the others' runs.
import { openGpu } from "@ama-sam/dawn";
import { peakProbes } from "../../bench/peaks";
import { repeated } from "../../bench/timed";
import type { PeakRun } from "../protocol";

/** A function that runs every probe once. */
export async function openPeaks(adapter: string | undefined): Promise<() => Promise<PeakRun[]>> {
  const device = await openGpu({ adapter, log: () => {} });
  const probes = peakProbes(device);
  return async () => {
    const runs: PeakRun[] = [];
    for (const { name, kind, work, run } of probes) {
      const once = async () => {
        run();
        await device.sync();
      };
      runs.push({ name, kind, work, ...(await repeated(once)) });
    }
    return runs;
  };
}
