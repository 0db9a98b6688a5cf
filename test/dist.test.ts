// The packages as users get them: each built package loads alone in Node, and its types compile in a user's project.
// Without a fresh build these tests do not run and `npm test` names them; `npm run check` builds first and demands them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { describe, expect, test } from "vitest";

const root = new URL("..", import.meta.url).pathname;
const demanded = process.env.AMA_SAM_DIST === "1";

/** Newest change below a folder, tests left out. */
function newest(folder: string): number {
  const own = readdirSync(folder, { withFileTypes: true }).filter((entry) => !/\.(test|bench)\.ts$/.test(entry.name));
  return Math.max(
    0,
    ...own.map((e) => (e.isDirectory() ? newest(join(folder, e.name)) : statSync(join(folder, e.name)).mtimeMs)),
  );
}

const packages = readdirSync(join(root, "packages"))
  .filter((name) => name !== "testing" && existsSync(join(root, "packages", name, "package.json"))) // private: it only ever runs from its sources, inside vitest
  .map((folder) => {
    const dir = join(root, "packages", folder);
    const built = ["index.js", "index.d.ts"].map((name) => join(dir, "dist", name));
    const fresh = built.every((file) => existsSync(file) && statSync(file).mtimeMs > newest(join(dir, "src")));
    const { name } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as { name: string };
    return { name, dir, fresh };
  });
const stale = packages.filter((p) => !p.fresh).map((p) => p.name);
const ready = demanded || stale.length === 0;
const title = ready
  ? "built packages"
  : `built packages (NOT RUN: npm run build first; no fresh dist of ${stale.join(", ")})`;

describe.runIf(ready)(title, () => {
  test("every package has a fresh dist with types", () => expect(stale).toEqual([]));

  test.each(packages)("$name loads alone and exports names, none of them default", ({ name }) => {
    const code = `const before = Object.keys(globalThis).length;
      const all = await import(${JSON.stringify(name)});
      console.log(JSON.stringify({ names: Object.keys(all), globals: Object.keys(globalThis).length - before }));`;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
      cwd: root,
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(run.stderr).toBe("");
    const { names, globals } = JSON.parse(run.stdout) as { names: string[]; globals: number };
    expect(names.length).toBeGreaterThan(0);
    expect(names).not.toContain("default");
    expect(globals).toBe(0);
  });

  test.each(packages.filter((p) => p.name !== "@ama-sam/dawn"))("$name has no Node import in its dist", ({ dir }) => {
    const code = readFileSync(join(dir, "dist/index.js"), "utf8");
    expect(
      code.match(/^(import|export)\b.*\bfrom\s*["'](node:[\w/]+|webgpu|fs|path|os|zlib|crypto)["']/gm) ?? [],
    ).toEqual([]);
  });

  // dist is one file, and what it loads later (left out here), so a bundler drops an unused op only where its statement visibly does nothing when it runs: a call
  // marked pure whose arguments hold no call and no spread. What is left when nothing is used is what every page pays.
  test.each(packages)("$name: nothing in its dist runs on import", async ({ name, dir }) => {
    const code = readFileSync(join(dir, "dist/index.js"), "utf8").replace(/^export \{[^}]*\}(?: from .*)?;?$/gm, "");
    const stdin = { contents: code, resolveDir: join(dir, "dist") };
    const options = { bundle: true, minify: true, format: "esm", packages: "external", write: false } as const;
    const later: Plugin = {
      name: "later",
      setup: ({ onResolve }) =>
        onResolve({ filter: /./ }, ({ kind, path }) => (kind === "dynamic-import" ? { path, external: true } : null)),
    };
    const made = await build({ stdin, ...options, plugins: [later], external: ["node:*"], logLevel: "silent" });
    const left = made.outputFiles[0].text.replace(/import\b[^;]*?"[^"]+";/g, "");
    console.log(`${name}: ${left.length} bytes stay when nothing is used`);
    const kernels = [...left.matchAll(/name:\s*"([a-z0-9-]+)",\s*source:/g)].map((m) => m[1]);
    expect(kernels).toEqual([]);
    expect(left.length).toBeLessThan(4096);
  });

  test("relu from dist brings no other op", async () => {
    const stdin = { contents: `import { relu } from "@ama-sam/tensor"; console.log(relu);`, resolveDir: root };
    const made = await build({ stdin, bundle: true, minify: true, format: "esm", write: false, logLevel: "silent" });
    const { text } = made.outputFiles[0];
    console.log(`import { relu } from the built @ama-sam/tensor: ${(text.length / 1024).toFixed(1)} KiB`);
    expect(
      text.match(/name:"(layer-norm|matmul|attention|conv|adam|softmax|interpolate)[a-z0-9-]*",source/g) ?? [],
    ).toEqual([]);
    expect(text.length).toBeLessThan(30 * 1024);
  });

  test("the types compile in a user's project", () => {
    const dir = mkdtempSync(join(root, "node_modules/.ama-sam-types-"));
    try {
      const uses = packages.map(
        ({ name }, i) => `import * as p${i} from "${name}";\nexport const n${i}: object = p${i};`,
      );
      writeFileSync(join(dir, "user.mts"), uses.join("\n"));
      for (const [module, moduleResolution] of [
        ["NodeNext", "NodeNext"],
        ["ESNext", "Bundler"],
      ]) {
        const options = [
          "--strict",
          "--noEmit",
          "--target",
          "ES2022",
          "--lib",
          "ES2023,DOM",
          "--types",
          "@webgpu/types",
        ];
        const args = [
          join(root, "node_modules/typescript/bin/tsc"),
          ...options,
          "--module",
          module,
          "--moduleResolution",
          moduleResolution,
          "user.mts",
        ];
        const run = spawnSync(process.execPath, args, { cwd: dir, encoding: "utf8" });
        expect(run.stdout.split("\n").filter((line) => line.includes("packages/") || line.startsWith("user."))).toEqual(
          [],
        );
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
