// npm run bench -- [--only TEXT] [--adapter NAME] [--large] [--json FILE] [--budget MS]
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { openGpu } from "@ama-sam/dawn";
import { type Bench, type BenchResult, runBench } from "@ama-sam/testing";
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

async function collect(): Promise<Bench[]> {
  const out: Bench[] = [];
  for (const entry of readdirSync("packages", { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith(".bench.ts") || entry.includes("node_modules")) continue;
    const { benches } = (await import(pathToFileURL(join("packages", entry)).href)) as { benches?: Bench[] };
    out.push(...(benches ?? []));
  }
  return out;
}

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
  const wanted = values.only?.split(",");
  const benches = (await collect()).filter(
    (b) => (!wanted || wanted.some((w) => b.name.includes(w))) && (values.large || !b.large),
  );
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

process.exitCode = await main();
