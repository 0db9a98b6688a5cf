// npm test: every test of the repository, then one line "N passed, N failed". Arguments go to vitest.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const dir = mkdtempSync(join(tmpdir(), "ama-sam-test-"));
const report = join(dir, "report.json");
const args = [
  "node_modules/vitest/vitest.mjs",
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
];
const code = await new Promise((done) => {
  spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] }).on("exit", (c) => done(c ?? 1));
});
let passed = 0;
let failed = 0;
const skipped = [];
try {
  const { testResults } = JSON.parse(readFileSync(report, "utf8"));
  for (const file of testResults) {
    if (file.assertionResults.length === 0 && file.status === "failed") failed++;
    for (const t of file.assertionResults) {
      if (t.status === "passed") passed++;
      else if (t.status === "failed") failed++;
      else skipped.push(`${file.name.replace(`${process.cwd()}/`, "")} > ${t.fullName}`);
    }
  }
} catch (error) {
  console.error(`no test report was written: ${error.message}`);
  failed++;
}
rmSync(dir, { recursive: true, force: true });
if (skipped.length > 0) console.log(`\nNOT RUN (${skipped.length}):\n${skipped.map((s) => `  ${s}`).join("\n")}`);
if (code !== 0 && failed === 0) failed = 1;
if (passed === 0) failed = Math.max(failed, 1);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
