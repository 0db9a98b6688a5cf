// npm run sz: lines per package (sources, WGSL, tests) and the largest files. npm run sz -- 30 lists thirty.
import { files, isTest, lineCount, read, workspaces } from "./workspace.mjs";

const count = (paths) => paths.reduce((sum, path) => sum + lineCount(read(path)), 0);
const all = [];
const rows = [];
for (const dir of [...workspaces("packages", "apps").map((w) => w.dir), "tools", "test"]) {
  const paths = files(dir, (name) => /\.(tsx?|mjs|wgsl)$/.test(name));
  const tests = paths.filter((p) => isTest(p));
  const wgsl = paths.filter((p) => p.endsWith(".wgsl"));
  const code = paths.filter((p) => !isTest(p) && !p.endsWith(".wgsl"));
  rows.push({ dir, files: paths.length, code: count(code), wgsl: count(wgsl), tests: count(tests) });
  all.push(...paths.map((path) => ({ path, lines: lineCount(read(path)) })));
}
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
rows.push({ dir: "total", files: sum("files"), code: sum("code"), wgsl: sum("wgsl"), tests: sum("tests") });
const cell = (value) => String(value).padStart(8);
console.log(`${"".padEnd(24)}${["files", "ts", "wgsl", "tests"].map(cell).join("")}`);
for (const r of rows) console.log(`${r.dir.padEnd(24)}${[r.files, r.code, r.wgsl, r.tests].map(cell).join("")}`);

const most = Number(process.argv[2] ?? 15);
console.log(`\nlargest files (limits: TypeScript 400, WGSL 250, tests 600)`);
for (const { path, lines } of all.sort((a, b) => b.lines - a.lines).slice(0, most))
  console.log(`${cell(lines)}  ${path}`);
