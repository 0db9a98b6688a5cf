// npm run cost -- [--presets LIST] [--sizes LIST] [--batches LIST] [--measure LIST] [--json FILE] [--from FILE] [--svg FILE]
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import type { PresetName } from "ama-sam";
import type { DryResult, DrySetting, Task } from "./dry";
import { encodeSteps } from "./encode";
import { profile } from "./profile";
import { type CostReport, costPlot, costTable, familyTable, summaryTable, TASKS } from "./report";

const HELP = `Time and memory by image size, batch and model: counted on Dawn's null backend, timed where asked, projected elsewhere.

  npm run cost -- [--presets LIST] [--sizes LIST] [--batches LIST] [--measure LIST] [--json FILE] [--from FILE] [--svg FILE]

  --presets  vit-b, vit-l, vit-h, nano (default vit-b,vit-l,vit-h)
  --sizes    sides of the input (default 256,512,1024,2048)
  --batches  images (default 1,2,4)
  --tasks    ${Object.keys(TASKS).join(", ")} (default: all)
  --measure  what to time for real: encode:256,train:256 (first preset, batch 1)
  --adapter  swiftshader, lavapipe, hardware, or a part of an adapter's name
  --reps     timed runs of each (default 3); the best counts
  --json     write the numbers to FILE
  --from     take numbers from FILE, and count or time only what it does not have
  --svg      write the plot to FILE
  --encode   instead: what the processor does for a training step while the GPU's work is left out (first preset, small input)
  --full     a line per configuration instead of one per model and size

Floating-point operations are those that run: attention's backward computes the scores again. Bytes are every tensor that a
launch names, once. A projection takes the longer of computing and moving for every family of kernels; it is no measurement.`;

const run = promisify(execFile);
const list = (text: string) => text.split(",").filter(Boolean);

/** One configuration on the null backend, in a process of its own: a device there keeps only 512 MiB. */
async function dryRun(setting: DrySetting): Promise<DryResult> {
  const entry = fileURLToPath(new URL("./dry.ts", import.meta.url));
  const { stdout } = await run(process.execPath, [...process.execArgv, entry, JSON.stringify(setting)]);
  return JSON.parse(stdout) as DryResult;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      presets: { type: "string", default: "vit-b,vit-l,vit-h" },
      sizes: { type: "string", default: "256,512,1024,2048" },
      batches: { type: "string", default: "1,2,4" },
      tasks: { type: "string", default: Object.keys(TASKS).join(",") },
      measure: { type: "string", default: "" },
      adapter: { type: "string" },
      reps: { type: "string", default: "3" },
      json: { type: "string" },
      from: { type: "string" },
      svg: { type: "string" },
      encode: { type: "boolean" },
      full: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const presets = list(values.presets) as PresetName[];
  if (values.encode) {
    const { launches, submits, bindGroups, cpuMs } = await encodeSteps(presets[0], 64);
    console.log(
      `${presets[0]}, training step: ${launches} launches in ${submits} submissions; bind groups made in steps 1, 2, 3 and the last: ` +
        `${bindGroups.join(", ")}; ${cpuMs.toFixed(1)} processor ms, ${((1000 * cpuMs) / launches).toFixed(0)} us a launch`,
    );
    process.exit(0); // the null device keeps the process alive
  }
  const tasks = list(values.tasks) as Task[];
  const unknown = tasks.filter((task) => !(task in TASKS));
  if (unknown.length > 0) {
    console.error(`no such task: ${unknown.join(", ")}; expected some of ${Object.keys(TASKS).join(", ")}`);
    return 2;
  }
  const report: CostReport = values.from
    ? (JSON.parse(readFileSync(values.from, "utf8")) as CostReport)
    : { dry: [], measured: [] };
  const save = () => values.json && writeFileSync(values.json, `${JSON.stringify(report)}\n`);
  for (const preset of presets)
    for (const size of list(values.sizes).map(Number))
      for (const batch of list(values.batches).map(Number))
        for (const task of tasks) {
          const known = report.dry.some(
            (d) => d.preset === preset && d.size === size && d.batch === batch && d.task === task,
          );
          if (known) continue;
          report.dry.push(await dryRun({ preset, size, batch, task }));
          save();
        }
  for (const wish of list(values.measure)) {
    const [task, size] = wish.split(":") as [Task, string];
    const setting = { preset: presets[0], size: Number(size), batch: 1, task };
    const timed = await profile({ ...setting, adapter: values.adapter }, Number(values.reps));
    const others = report.measured.filter((m) => m.task !== task || m.size !== setting.size);
    report.measured = [...others, { ...setting, profile: timed }];
    save();
  }
  console.log((values.full ? costTable : summaryTable)(report, availableParallelism()));
  if (report.measured.length > 0) console.log(`\n${familyTable(report, availableParallelism())}`);
  if (values.svg) writeFileSync(values.svg, costPlot(report));
  return 0;
}

process.exitCode = await main();
