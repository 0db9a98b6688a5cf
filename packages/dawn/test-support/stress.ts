// Many processes at once, more than there are processors, each with two devices and forced collections:
//   node tools/run.mjs packages/dawn/test-support/stress.ts [PROCESSES=20] [PARALLEL=8] [ADAPTER=swiftshader]
import { isClean, runChildren } from "./run-child";

const [processes = "20", parallel = "8", adapter = "swiftshader"] = process.argv.slice(2);
const start = performance.now();
const ends = await runChildren(Number(processes), Number(parallel), { open: [{ adapter }, { adapter }] });
for (const end of ends.filter((it) => !isClean(it))) {
  console.log(`code ${end.code}, signal ${end.signal}: ${JSON.stringify(end.report)}\n${end.stderr.slice(-500)}`);
}
const failed = ends.filter((it) => !isClean(it)).length;
console.log(
  `${processes} processes, ${parallel} at a time, ${adapter}: ${failed} failed, ${((performance.now() - start) / 1000).toFixed(1)} s`,
);
process.exitCode = failed > 0 ? 1 : 0;
