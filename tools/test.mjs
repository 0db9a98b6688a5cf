// npm test: every test of the repository, then one line "N passed, N failed". Arguments go to vitest:
// npm test -- --project unit packages/metrics
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashStacks } from "./crash-stack.mjs";
import { root } from "./workspace.mjs";

const dir = mkdtempSync(join(tmpdir(), "ama-sam-test-"));
let running;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => running?.kill(signal));

/** Runs vitest once; what it says of itself goes to the terminal, what it found comes back. */
async function vitest(args) {
  const path = join(dir, "report.json");
  rmSync(path, { force: true });
  const reporters = ["--reporter=default", `--reporter=${join(root, "tools/test-reporter.mjs")}`];
  running = spawn(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...reporters, ...args], {
    cwd: root,
    env: { ...process.env, AMA_SAM_TEST_REPORT: path },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await new Promise((done) => running.on("exit", (c) => done(c ?? 1)));
  let report = { passed: 0, failed: [], notRun: [], died: false, unfinished: [] };
  try {
    report = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    report.failed.push("vitest ended without a report");
  }
  const { passed, failed, died } = report;
  if (code !== 0 && failed.length === 0 && !died) failed.push(`vitest ended with exit code ${code}`);
  if (passed === 0 && failed.length === 0 && !died) failed.push("no test ran");
  return report;
}

const start = Date.now();
const report = await vitest(process.argv.slice(2));
const again = [];
const stacks = [];
if (report.died) {
  // A crash in native code (the GPU driver's, Dawn's) takes the test process with it, and vitest gives up the files behind it.
  // The crash is a failure; what it left undone runs in a new process, so that one run tells everything.
  stacks.push(...crashStacks(start));
  again.push(...report.unfinished);
  console.log(
    `\nA test process died. In a new one, what it did not finish:\n${again.map((f) => `  ${f}`).join("\n")}\n`,
  );
  const filters = process.argv.slice(2).filter((arg, i, all) => arg.startsWith("-") || all[i - 1] === "--project");
  const second = await vitest([...filters, ...again]);
  report.passed += second.passed;
  report.failed.push(...second.failed);
  report.notRun.push(...second.notRun);
  if (second.died) stacks.push(...crashStacks(start));
  report.failed.push(`a test process died${second.died ? " twice" : ""}: native code crashed, or something ended it`);
}
rmSync(dir, { recursive: true, force: true });
const { passed, failed, notRun } = report;

const list = (title, names) =>
  names.length > 0 && console.log(`\n${title} (${names.length}):\n${names.map((n) => `  ${n}`).join("\n")}`);
// One line per file and group: forty tests that one missing folder holds back are one fact.
const groups = new Map();
for (const name of notRun) {
  const group = name.split(" > ").slice(0, 2).join(" > ");
  groups.set(group, (groups.get(group) ?? 0) + 1);
}
list(
  "NOT RUN",
  [...groups].map(([group, count]) => (count > 1 ? `${group} (${count} tests)` : group)),
);
list("RUN AFTER a test process died, in the first of them most likely", again);
list("WHERE IT DIED", stacks);
list("FAILED", failed);
console.log(`\n${passed} passed, ${failed.length} failed`);
process.exit(failed.length > 0 ? 1 : 0);
