// npm run golden -- [DIR] [--only ops,metrics,...] [--adapter NAME] [--case TEXT]
import { parseArgs } from "node:util";
import { openGpu } from "@ama-sam/dawn";
import type { Device } from "@ama-sam/tensor";
import { goldenCase, goldenDir, goldenIds, type Verdict } from "@ama-sam/testing";
import { runCheckpoints } from "./checkpoints";
import { runFullsize } from "./fullsize";
import { runMetrics } from "./metrics";
import { runModel } from "./models";
import { runOp } from "./ops";
import { runTraining } from "./training";

const HELP = `Checks this code against values that PyTorch computed.

  npm run golden -- [DIR] [--only GROUPS] [--adapter NAME] [--case TEXT]

  DIR        a golden folder (default: test/golden of this repository)
  --only     groups by comma: ops, metrics, models, training, checkpoints, fullsize
             (default: all but fullsize, which takes minutes and needs a few GiB)
  --adapter  swiftshader, lavapipe, hardware, or a part of an adapter's name
  --case     only cases whose id contains TEXT

Prints a line per failing tensor and ends with "N passed, N failed".`;

const GROUPS = ["ops", "metrics", "models", "training", "checkpoints", "fullsize"] as const;
type Group = (typeof GROUPS)[number];

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string" },
      adapter: { type: "string" },
      case: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals[0]) process.env.AMA_SAM_GOLDEN_DIR = positionals[0];
  const dir = goldenDir();
  const wanted = values.only ? values.only.split(",").map((g) => g.trim()) : GROUPS.filter((g) => g !== "fullsize");
  const unknown = wanted.find((g) => !GROUPS.includes(g as Group));
  if (unknown) {
    console.error(`unknown group ${unknown}; expected some of ${GROUPS.join(", ")}`);
    return 2;
  }
  let device: Device | null = null;
  const gpu = async () => (device ??= await openGpu({ adapter: values.adapter }));
  const runners: Record<Group, (id: string) => Promise<Verdict[]>> = {
    ops: async (id) => runOp(goldenCase(id, dir), await gpu()),
    metrics: async (id) => runMetrics(goldenCase(id, dir)),
    models: async (id) => runModel(goldenCase(id, dir), dir, await gpu()),
    training: async (id) => runTraining(goldenCase(id, dir), dir, await gpu()),
    checkpoints: async (id) => runCheckpoints(id, dir),
    fullsize: async (id) => runFullsize(goldenCase(id, dir), dir, await gpu()),
  };
  let [passed, failed] = [0, 0];
  for (const group of wanted as Group[]) {
    const start = performance.now();
    const before = { passed, failed };
    for (const id of goldenIds(group, dir)) {
      if (values.case && !id.includes(values.case)) continue;
      let verdicts: Verdict[];
      try {
        verdicts = await runners[group](id);
      } catch (error) {
        verdicts = [
          {
            name: "-",
            ok: false,
            worst: Number.NaN,
            allowed: 0,
            message: error instanceof Error ? error.message : String(error),
          },
        ];
      }
      const bad = verdicts.filter((v) => !v.ok);
      if (bad.length === 0 && verdicts.length > 0) passed++;
      else failed++;
      for (const v of bad) console.log(`FAIL ${id} ${v.name}: ${v.message}`);
      if (verdicts.length === 0) console.log(`FAIL ${id}: nothing was compared`);
    }
    console.log(
      `${group}: ${passed - before.passed} passed, ${failed - before.failed} failed (${((performance.now() - start) / 1000).toFixed(1)} s)`,
    );
  }
  if (device) await (device as Device).dispose();
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

process.exitCode = await main();
