// Package rules that `turbo boundaries` cannot see: layers and import cycles, platform imports, package files, sizes.
import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { files, isTest, lineCount, read, root, workspaces } from "./workspace.mjs";

const problems = [];
const fail = (where, what) => problems.push(`${where}: ${what}`);
const sources = (dir) => files(dir, (name) => /\.tsx?$/.test(name) && !name.endsWith(".d.ts"));

/** Imports of a file: what it names, and whether the import survives compilation. */
function importsOf(path) {
  const text = read(path);
  const found = [];
  for (const s of ts.createSourceFile(path, text, ts.ScriptTarget.ES2022).statements) {
    const spec = (ts.isImportDeclaration(s) || ts.isExportDeclaration(s)) && s.moduleSpecifier;
    if (!spec) continue;
    const names = s.importClause?.namedBindings?.elements ?? s.exportClause?.elements;
    const each = names && !s.importClause?.name && names.length > 0 && names.every((n) => n.isTypeOnly);
    found.push({ to: spec.text, type: Boolean(s.isTypeOnly || s.importClause?.isTypeOnly || each) });
  }
  const known = new Set(found.map((f) => f.to));
  for (const [, to] of text.matchAll(/\bimport\(\s*["']([^"']+)["']/g))
    if (!known.has(to)) found.push({ to, type: false, lazy: true });
  return found;
}

/** The source file that a relative import means, or undefined. */
function target(from, spec) {
  if (!spec.startsWith(".")) return undefined;
  const base = normalize(join(dirname(from), spec));
  return [base, `${base}.ts`, `${base}.tsx`, `${base}/index.ts`].find(
    (p) => /\.\w+$/.test(p) && existsSync(join(root, p)),
  );
}

/** Import cycles as lists of files; type-only and lazy imports run no code and close no cycle. */
function cycles(graph) {
  const found = [];
  const state = new Map();
  const visit = (file, trail) => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") return void found.push([...trail.slice(trail.indexOf(file)), file]);
    state.set(file, "open");
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    state.set(file, "done");
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

// Layers of the tensor core: a file imports its own layer or a lower one. Debug tools and errors stand beside the layers:
// open to all, and free to look at all; only a cycle of running code is refused.
const LAYERS = ["device", "kernel", "tensor", "autograd", "op", "ops"];
const OPEN = new Set(["debug", "errors"]);
const layerOf = (path) => path.match(/^packages\/tensor\/src\/([\w-]+)/)?.[1];

function checkLayer(path, spec, to) {
  const [from, into] = [layerOf(path), layerOf(to)];
  if (!from || !into || from === "index" || OPEN.has(from) || OPEN.has(into)) return;
  const [a, b] = [LAYERS.indexOf(from), LAYERS.indexOf(into)];
  if (into === "index" || b === -1)
    fail(path, `imports ${spec}, which is in no layer. Expected one of ${LAYERS.join(", ")}`);
  else if (b > a) fail(path, `layer "${from}" imports ${spec} of the higher layer "${into}"`);
}

const NODE = new Set(builtinModules);
const isPlatform = (spec) =>
  spec.startsWith("node:") || spec === "webgpu" || spec.startsWith("webgpu/") || NODE.has(spec);

/** Files that may use Node: its own package, the apps' Node halves, tests and test tools. */
function mayUseNode(path) {
  if (
    isTest(path) ||
    /\.config\.ts$/.test(path) ||
    /^packages\/(dawn|testing)\//.test(path) ||
    /^apps\/[\w-]+\/src\/node\//.test(path)
  )
    return true;
  // The playground's numbered examples run in a page as well; its commands (demo, kernel lab) do not.
  return /^apps\/playground\/src\//.test(path) && !/\/src\/\d/.test(path) && !/\/src\/browser\//.test(path);
}

const limitOf = (path) => (path.endsWith(".wgsl") ? 250 : isTest(path) ? 600 : 400);
const CODE = /\.(tsx?|mjs|wgsl)$/;

function checkFiles(dir, { manifest } = {}) {
  const declared = new Set(
    Object.keys({ ...manifest?.dependencies, ...manifest?.peerDependencies, ...manifest?.optionalDependencies }),
  );
  if (dir === "packages/testing") declared.add("vitest"); // private, and only ever loaded by vitest
  const graph = new Map();
  for (const path of files(dir, (name) => CODE.test(name))) {
    const lines = lineCount(read(path));
    if (lines > limitOf(path)) fail(path, `${lines} lines. Expected at most ${limitOf(path)}`);
  }
  for (const path of sources(dir)) {
    const inSource = manifest && path.startsWith(`${dir}/src/`) && !isTest(path);
    const edges = [];
    for (const { to: spec, type, lazy } of importsOf(path)) {
      const to = target(path, spec);
      if (manifest && isPlatform(spec) && !mayUseNode(path))
        fail(path, `imports ${spec}. Only packages/dawn, apps/*/src/node and tests may`);
      if (inSource && to && isTest(to)) fail(path, `imports the test file ${spec}`);
      if (inSource && /^[@\w]/.test(spec) && !isPlatform(spec)) {
        const name = spec
          .split("/")
          .slice(0, spec.startsWith("@") ? 2 : 1)
          .join("/");
        const building = name === "vite" && /^apps\/[\w-]+\/src\/browser\/build\//.test(path);
        if (!declared.has(name) && !building)
          fail(path, `imports ${name}, which is not among the package's dependencies`);
      }
      if (!to) continue;
      if (inSource) checkLayer(path, spec, to);
      if (!type && !lazy) edges.push(to);
    }
    graph.set(path, edges);
  }
  for (const cycle of cycles(graph))
    fail(cycle[0], `import cycle ${cycle.map((f) => f.replace(`${dir}/`, "")).join(" -> ")}`);
}

function checkPackage({ dir, manifest }) {
  for (const name of ["README.md", "LICENSE", "CHANGELOG.md", "tsup.config.ts", "tsconfig.json", "turbo.json"])
    if (read(`${dir}/${name}`).trim() === "") fail(dir, `${name} is missing or empty`);
  const expect = (ok, what) => ok || fail(`${dir}/package.json`, what);
  const main = manifest.exports?.["."];
  expect(manifest.sideEffects === false, '"sideEffects" is not false');
  expect(manifest.type === "module", '"type" is not "module"');
  expect(manifest.license === "Apache-2.0", '"license" is not Apache-2.0');
  expect(manifest.description?.length > 20, '"description" is missing');
  expect(manifest.engines?.node === ">=20", '"engines.node" is not ">=20"');
  expect(manifest.repository?.directory === dir, `"repository.directory" is not "${dir}"`);
  expect(manifest.scripts?.build === "tsup", '"scripts.build" is not "tsup"');
  for (const name of ["dist", "README.md", "CHANGELOG.md", "LICENSE"])
    expect(manifest.files?.includes(name), `"files" does not list ${name}`);
  expect(
    main?.types === "./dist/index.d.ts" && main?.default === "./dist/index.js",
    '"exports" has no dist entry with types',
  );
  expect(
    main?.["@ama-sam/source"] === "./src/index.ts" && Object.keys(main)[0] === "@ama-sam/source",
    '"exports" does not begin with the condition @ama-sam/source',
  );
  expect(existsSync(join(root, dir, "src/index.ts")), "src/index.ts is missing");

  const example = read(`${dir}/README.md`).match(/```ts\n([\s\S]*?)```/)?.[1];
  const tests = files(dir, (name) => /\.test\.ts$/.test(name)).map(read);
  const shared = read("test/readme.gpu.test.ts").includes(`"${dir.split("/")[1]}"`); // examples that need a GPU run there
  const firstLine = example?.split("\n").find((line) => line.trim() !== "" && !line.startsWith("import"));
  if (!example) fail(`${dir}/README.md`, "has no ```ts example");
  else if (!shared && !tests.some((t) => t.includes("README.md") || t.includes(firstLine.trim())))
    fail(`${dir}/README.md`, "no test runs its example");
}

function checkApp({ dir }) {
  if (read(`${dir}/README.md`).trim() === "") fail(dir, "README.md is missing or empty");
  const browser = `${dir}/src/browser`;
  if (existsSync(join(root, browser)) && !existsSync(join(root, browser, "tsconfig.json")))
    fail(
      browser,
      "has no tsconfig.json. Expected one with lib DOM: the rest of the repository is checked without DOM types",
    );
}

const packages = workspaces("packages");
const apps = workspaces("apps");
packages.forEach(checkPackage);
apps.forEach(checkApp);
for (const workspace of [...packages, ...apps]) checkFiles(workspace.dir, workspace);
for (const dir of ["tools", "test"]) checkFiles(dir);

for (const problem of problems.sort()) console.error(problem);
console.log(`boundaries: ${packages.length} packages, ${apps.length} apps, ${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
