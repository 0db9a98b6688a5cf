// npm run bench:peers -- [--only TEXT] [--libs A,B] [--adapter NAME] [--json FILE] [--reps N] [--rows N] [--tokens N]
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { installPeers } from "./install";
import { measureOp } from "./measure";
import { opsOf } from "./ops";
import { OURS, PEAKS, PEERS } from "./protocol";
import type { Clock, Report } from "./result";
import { Session } from "./session";
import { costTable, findings, rateTable } from "./table";

const HELP = `Times this repository beside the WebGPU libraries a user would pick instead, on one adapter in one run.

  npm run bench:peers -- [--only TEXT] [--libs A,B] [--adapter NAME] [--json FILE] [--reps N] [--rows N] [--tokens N]

  --only     ops whose name contains TEXT (several by semicolon)
  --libs     of ${[OURS, ...PEERS].join(", ")} (default: all)
  --adapter  swiftshader, lavapipe, hardware, or a part of an adapter's name
  --json     write all numbers to FILE, after every op
  --reps     timed runs of each library (default 3); by wall time the best counts, by processor time the middle one
  --rows     rows of the linear layers (default 4096; 1024 on SwiftShader)
  --tokens   tokens of the training step (default 1024; 256 on SwiftShader)
  --from     print the tables of earlier --json files (by comma) and run nothing
  --clock    cpu or wall: which time rates come from (default: cpu on a software adapter, where it is the work itself)

The libraries take turns, each in a process of its own, and every result is checked against float64. The peers are installed
into tools/peers at the first run. Rates by processor time are per processor second times the processors.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      libs: { type: "string", default: [OURS, ...PEERS].join(",") },
      adapter: { type: "string", default: process.env.AMA_SAM_ADAPTER },
      json: { type: "string" },
      reps: { type: "string", default: "3" },
      rows: { type: "string" },
      tokens: { type: "string" },
      clock: { type: "string" },
      from: { type: "string" },
      limit: { type: "string", default: "300" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const libraries = values.libs.split(",");
  const unknown = libraries.filter((name) => name !== OURS && !PEERS.includes(name));
  if (unknown.length > 0) {
    console.error(`no such library: ${unknown.join(", ")}; expected some of ${[OURS, ...PEERS].join(", ")}`);
    return 2;
  }
  if (values.from) {
    const parts = values.from.split(",").map((file) => JSON.parse(readFileSync(file, "utf8")) as Report);
    const report = { ...parts[0], results: parts.flatMap(({ results }) => results) };
    return show(report, libraries, values.clock === "wall" ? "wall" : "cpu");
  }
  const limitMs = 1000 * Number(values.limit);
  const peaks = await Session.open(PEAKS, values.adapter, limitMs);
  const { adapter } = peaks.ready;
  peaks.session.close();
  const swiftshader = /swiftshader/i.test(adapter);
  const software = swiftshader || /llvmpipe/i.test(adapter);
  const rows = Number(values.rows ?? (swiftshader ? 1024 : 4096));
  const tokens = Number(values.tokens ?? (swiftshader ? 256 : 1024));
  const clock: Clock = values.clock === "wall" || (!values.clock && !software) ? "wall" : "cpu";
  const wanted = values.only?.split(";");
  const ops = opsOf({ rows, tokens }).filter(({ name }) => !wanted || wanted.some((text) => name.includes(text)));
  if (ops.length === 0) {
    console.error("no op matches; try npm run bench:peers -- --help");
    return 2;
  }
  if (libraries.some((name) => name !== OURS)) installPeers();

  const report: Report = {
    adapter,
    processors: availableParallelism(),
    node: process.version,
    load: [],
    results: [],
  };
  console.log(`${adapter}; ${report.processors} processors; rates by ${clock === "cpu" ? "processor" : "wall"} time`);
  for (const op of ops) {
    report.load.push(loadavg()[0]);
    const options = { adapter: values.adapter, libraries, rows, tokens, reps: Number(values.reps), limitMs };
    const result = await measureOp(op, options);
    report.results.push(result);
    const one = { ...report, results: [result] };
    console.log(`\n${rateTable(one, libraries, clock)}\n${costTable(one, libraries)}`);
    for (const line of findings(one, clock)) console.log(`  ${line}`);
    if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
  }
  console.log("");
  return show(report, libraries, clock);
}

/** Prints all lines; the exit status says whether our results are right. */
function show(report: Report, libraries: readonly string[], clock: Clock): number {
  console.log(`${rateTable(report, libraries, clock)}\n\n${costTable(report, libraries)}`);
  for (const line of findings(report, clock)) console.log(line);
  const broken = report.results.some((r) => r.libraries[OURS] && !r.libraries[OURS].right);
  return broken ? 1 : 0;
}

process.exitCode = await main();
