import type { Device } from "@ama-sam/tensor";
import { goldenCase, goldenIds, type Verdict } from "@ama-sam/testing";
import { runCheckpoints } from "./checkpoints";
import { runFullsize } from "./fullsize";
import { runMetrics } from "./metrics";
import { runModel } from "./models";
import { runOp } from "./ops";
import { runTraining } from "./training";

/** The groups of a golden folder, in the order in which they run. */
export const GROUPS = ["ops", "metrics", "models", "training", "checkpoints", "fullsize"] as const;
export type Group = (typeof GROUPS)[number];

/** What to check, on which device. */
export interface CheckOptions {
  /** The golden folder: a path, or in a browser an address. */
  dir: string;
  groups: readonly Group[];
  /** Only cases whose id contains this text. */
  only?: string | undefined;
  /** Opens the device when a case first needs one. */
  gpu: () => Promise<Device>;
  say: (line: string) => void;
}

/** Checks golden cases, in Node and in a browser alike: a line for each failing tensor, and one for each group. */
export async function checkGolden({
  dir,
  groups,
  only,
  gpu,
  say,
}: CheckOptions): Promise<{ passed: number; failed: number }> {
  const runners: Record<Group, (id: string) => Promise<Verdict[]>> = {
    ops: async (id) => runOp(goldenCase(id, dir), await gpu()),
    metrics: async (id) => runMetrics(goldenCase(id, dir)),
    models: async (id) => runModel(goldenCase(id, dir), dir, await gpu()),
    training: async (id) => runTraining(goldenCase(id, dir), dir, await gpu()),
    checkpoints: async (id) => runCheckpoints(id, dir),
    fullsize: async (id) => runFullsize(goldenCase(id, dir), dir, await gpu()),
  };
  let [passed, failed] = [0, 0];
  for (const group of groups) {
    const start = performance.now();
    const before = { passed, failed };
    for (const id of goldenIds(group, dir)) {
      if (only && !id.includes(only)) continue;
      const verdicts = await runners[group](id).catch((error: unknown): Verdict[] => [
        {
          name: "-",
          ok: false,
          worst: Number.NaN,
          allowed: 0,
          message: error instanceof Error ? error.message : String(error),
        },
      ]);
      const bad = verdicts.filter((v) => !v.ok);
      if (bad.length === 0 && verdicts.length > 0) passed++;
      else failed++;
      for (const v of bad) say(`FAIL ${id} ${v.name}: ${v.message}`);
      if (verdicts.length === 0) say(`FAIL ${id}: nothing was compared`);
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    say(`${group}: ${passed - before.passed} passed, ${failed - before.failed} failed (${seconds} s)`);
  }
  return { passed, failed };
}
