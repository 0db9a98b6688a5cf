// npm run check: everything but the tests. Every step runs, even after a failure; then one table says which failed.
// npm run check -- types lint runs only those steps.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { read, root, workspaces } from "./workspace.mjs";

const bin = (path) => join(root, "node_modules", path);
const packages = workspaces("packages");
const published = packages.filter(({ manifest }) => !manifest.private);
const tsc = bin("typescript/bin/tsc");
// What needs DOM types has a tsconfig of its own, because the rest must compile without them.
const pages = [
  ...workspaces("apps").flatMap(({ dir }) => [{ dir: `${dir}/src/browser` }, { dir: `${dir}/src/browser/test` }]),
  ...packages.filter(({ dir }) => read(`${dir}/tsconfig.json`).includes('"DOM"')),
].filter(({ dir }) => existsSync(join(root, dir, "tsconfig.json")));

/** Runs Node with arguments; resolves to its exit code and all it printed. */
function node(args, { env = {}, cwd = root } = {}) {
  return new Promise((done) => {
    const quiet = { TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", npm_config_loglevel: "error", FORCE_COLOR: "0" };
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...quiet, ...env } });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    child.on("error", (error) => done({ code: 1, output: String(error) }));
    child.on("exit", (code) => done({ code: code ?? 1, output }));
  });
}

/** Runs one command per item, two at a time; the output of those that failed, each under its name. */
async function each(items, command) {
  const queue = [...items];
  const failures = [];
  const worker = async () => {
    for (let item = queue.shift(); item; item = queue.shift()) {
      const { code, output } = await command(item);
      if (code !== 0) failures.push(`${item.dir}\n${output.trim()}`);
    }
  };
  await Promise.all([worker(), worker()]);
  return { code: failures.length > 0 ? 1 : 0, output: failures.join("\n\n") };
}

const steps = {
  types: () => node([tsc, "--noEmit", "-p", "."]),
  pages: () => each(pages, ({ dir }) => node([tsc, "--noEmit", "-p", dir])),
  lint: () => node([bin("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "--max-diagnostics=100"]),
  floors: () => node([bin("turbo/bin/turbo"), "boundaries", "--no-color"]),
  boundaries: () => node(["tools/boundaries.mjs"]),
  unused: () => node([bin("knip/bin/knip.js"), "--no-config-hints"]),
  build: () =>
    node([
      "tools/turbo.mjs",
      "run",
      "build",
      "--output-logs=errors-only",
      "--continue=dependencies-successful",
      "--concurrency=2",
    ]),
  publint: () => each(published, ({ dir }) => node([bin("publint/src/cli.js"), "run", dir, "--strict", "--pack=npm"])),
  attw: () =>
    each(published, async ({ dir }) => {
      const cli = bin("@arethetypeswrong/cli/dist/index.js");
      const { code, output } = await node([cli, "--pack", dir, "--profile", "esm-only", "--no-emoji"]);
      return { code: output.includes("does not contain types") ? 1 : code, output }; // attw itself calls that a success
    }),
  dist: () => node(["tools/test.mjs", "--project", "unit", "test/dist.test.ts"], { env: { AMA_SAM_DIST: "1" } }),
  changeset: () => node([bin("@changesets/cli/bin.js"), "status"]),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`[check] no such step. Got ${unknown.join(", ")}. Expected some of ${Object.keys(steps).join(", ")}.`);
  process.exit(2);
}
const results = [];
for (const [name, run] of Object.entries(steps)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const start = performance.now();
  const { code, output } = await run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  results.push({ name, ok: code === 0, seconds });
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${name.padEnd(12)} ${seconds.padStart(6)} s`);
  if (code !== 0) console.log(`${output.trim().replace(/^/gm, "  ")}\n`);
}
const failed = results.filter((r) => !r.ok);
if (failed.length > 0 && results.length > 1) console.log(`\nfailed: ${failed.map((r) => r.name).join(", ")}`);
console.log(`\n${results.length - failed.length} steps passed, ${failed.length} failed`);
process.exit(failed.length > 0 ? 1 : 0);
