// npm run bench -- [--only TEXT] [--adapter NAME] [--large] [--json FILE] [--budget MS]; npm run bench:check -- --help
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openGpu } from "@ama-sam/dawn";
import { type BenchResult, runBench } from "@ama-sam/testing";
import { check } from "./check/check";
import { chosenBenches, collectBenches } from "./collect";
import { measurePeaks } from "./peaks";

const HELP = `Times every op on the shapes that the models use, against the adapter's own peaks.

  npm run bench -- [--only TEXT] [--adapter NAME] [--large] [--json FILE] [--budget MS]

  --only     benches whose name contains TEXT (several by comma)
  --adapter  swiftshader, lavapipe, hardware, or a part of an adapter's name
  --large    also the shapes that a software adapter takes seconds for
  --json     write the results to FILE
  --budget   milliseconds per bench (default 1500)

Shares are of the FMA peak (GFLOP/s) or, for ops that move data, of a copy kernel (GB/s), both measured in this run.
An absolute time on a shared machine means nothing: compare shares.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      adapter: { type: "string" },
      large: { type: "boolean" },
      json: { type: "string" },
      budget: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const benches = chosenBenches(await collectBenches(), values.only, values.large);
  if (benches.length === 0) {
    console.error("no bench matches; try npm run bench -- --help");
    return 2;
  }
  const device = await openGpu({ adapter: values.adapter });
  const peaks = await measurePeaks(device);
  console.log(`peaks of ${device.info.name}: ${peaks.gflops.toFixed(1)} GFLOP/s, ${peaks.gbps.toFixed(2)} GB/s`);
  console.log(
    `${"op".padEnd(46)}${"ms".padStart(9)}${"GFLOP/s".padStart(10)}${"GB/s".padStart(8)}${"share".padStart(8)}`,
  );
  const results: BenchResult[] = [];
  for (const bench of benches) {
    const r = await runBench(device, bench, peaks, Number(values.budget ?? 1500));
    results.push(r);
    const number = (v: number, digits: number) => (v > 0 ? v.toFixed(digits) : "-");
    console.log(
      `${r.name.padEnd(46)}${r.ms.toFixed(1).padStart(9)}${number(r.gflops, 1).padStart(10)}${number(r.gbps, 2).padStart(8)}${`${(100 * r.share).toFixed(0)} %`.padStart(8)}`,
    );
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ adapter: device.info, peaks, results }, null, 1)}\n`);
  await device.dispose();
  return 0;
}

process.exitCode = process.argv[2] === "check" ? await check(process.argv.slice(3)) : await main();
