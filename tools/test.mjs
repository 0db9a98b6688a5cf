// npm test: every test of the repository, then one line "N passed, N failed". Arguments go to vitest:
// npm test -- --project unit packages/metrics
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./workspace.mjs";

const dir = mkdtempSync(join(tmpdir(), "ama-sam-test-"));
const path = join(dir, "report.json");
const args = [
  "run",
  "--reporter=default",
  `--reporter=${join(root, "tools/test-reporter.mjs")}`,
  ...process.argv.slice(2),
];
const child = spawn(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), ...args], {
  cwd: root,
  env: { ...process.env, AMA_SAM_TEST_REPORT: path },
  stdio: ["ignore", "inherit", "inherit"],
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
const code = await new Promise((done) => child.on("exit", (c) => done(c ?? 1)));

let report = { passed: 0, failed: [], notRun: [] };
try {
  report = JSON.parse(readFileSync(path, "utf8"));
} catch {
  report.failed.push("vitest ended without a report");
}
rmSync(dir, { recursive: true, force: true });
const { passed, failed, notRun } = report;
if (code !== 0 && failed.length === 0) failed.push(`vitest ended with exit code ${code}`);
if (passed === 0 && failed.length === 0) failed.push("no test ran");

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
list("FAILED", failed);
console.log(`\n${passed} passed, ${failed.length} failed`);
process.exit(failed.length > 0 ? 1 : 0);
