// What a web page pays for one import: unrelated ops, and their WGSL, stay out of the bundle.
import { existsSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";
import { describe, expect, test } from "vitest";
import { plainShaders } from "../tools/plain-wgsl";

const root = new URL("..", import.meta.url).pathname;

/** How a snippet on the sources is bundled. */
const bundling = (contents: string, options: BuildOptions = {}) =>
  ({
    stdin: { contents, resolveDir: root, loader: "ts" },
    conditions: ["@ama-sam/source"],
    plugins: [plainShaders],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    logLevel: "silent",
    ...options,
    metafile: true,
    write: false,
  }) satisfies BuildOptions;

/** Bundles a snippet; bytes each source file adds to the minified output, largest first. */
async function bundle(contents: string, options: BuildOptions = {}) {
  const result = await build(bundling(contents, options));
  const [output] = Object.values(result.metafile.outputs);
  const inputs = Object.entries(output.inputs)
    .map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
  const text = result.outputFiles?.[0].text ?? "";
  return { text, inputs, kib: text.length / 1024, gzipKib: gzipSync(text).length / 1024 };
}

const report = (name: string, { kib, gzipKib }: { kib: number; gzipKib: number }) =>
  console.log(`${name.padEnd(44)} ${kib.toFixed(1).padStart(7)} KiB, gzip ${gzipKib.toFixed(1).padStart(6)} KiB`);

describe("one op of @ama-sam/tensor", () => {
  /** WGSL that an op may bring: its own folder, the shared functions, what the tape runs for any op, and what TENSOR_NAN does. */
  const cases = [
    { name: "relu", own: ["ops/unary"], budgetKib: 25 },
    { name: "layerNorm", own: ["ops/layer-norm"], budgetKib: 40 },
    { name: "matmul", own: ["ops/matmul", "ops/permute", "ops/linear"], budgetKib: 70 },
  ];
  test.each(cases)("$name brings no WGSL of other ops", async ({ name, own, budgetKib }) => {
    const made = await bundle(`import { ${name} } from "@ama-sam/tensor"; console.log(${name});`);
    report(`import { ${name} } from "@ama-sam/tensor"`, made);
    const wgsl = made.inputs.map(({ path }) => path).filter((path) => path.endsWith(".wgsl"));
    expect(wgsl.some((path) => path.includes(`/${own[0]}/`))).toBe(true);
    const allowed = [...own, "kernel/lib", "autograd", "debug"].map((folder) => `packages/tensor/src/${folder}/`);
    expect(wgsl.filter((path) => !allowed.some((folder) => path.startsWith(folder)))).toEqual([]);
    expect(made.kib).toBeLessThan(budgetKib);
  });

  test("a type import costs nothing", async () => {
    const made = await bundle(`import type { Tensor } from "@ama-sam/tensor"; export type T = Tensor; console.log(1);`);
    expect(made.text.length).toBeLessThan(30);
  });

  test("an import for nothing costs nothing: the packages have no side effects", async () => {
    for (const name of publicPackages()) {
      const made = await bundle(`import "${name}"; console.log(1);`, { external: ["webgpu", "node:*"] });
      expect(made.text.length, name).toBeLessThan(30);
      const used = await bundle(`import * as all from "${name}"; console.log(1);`, { external: ["webgpu", "node:*"] });
      expect(
        used.inputs.filter(({ path }) => path !== "<stdin>"),
        name,
      ).toEqual([]);
    }
  });
});

/** Whole packages, for the record and against growth by accident. */
const WHOLE_KIB: Record<string, number> = {
  "@ama-sam/metrics": 30,
  "@ama-sam/instances": 60,
  "@ama-sam/checkpoint": 75,
  "@ama-sam/data": 170,
  "@ama-sam/viewer": 30,
  "@ama-sam/tensor": 298,
  "@ama-sam/nn": 150,
  "@ama-sam/sam-encoder": 245,
  "@ama-sam/sam-decoder": 242,
  "@ama-sam/hr-decoder": 160,
  "@ama-sam/spgen": 140,
  "@ama-sam/cgrl": 100,
  "ama-sam": 600,
};

function publicPackages(): string[] {
  return readdirSync(`${root}packages`)
    .filter((name) => name !== "testing" && name !== "dawn" && existsSync(`${root}packages/${name}/package.json`))
    .map((name) => (name === "ama-sam" ? name : `@ama-sam/${name}`));
}

describe("whole packages bundle for the browser within their budget", () => {
  test("every package has a budget", () => expect(publicPackages().sort()).toEqual(Object.keys(WHOLE_KIB).sort()));
  test.each(Object.entries(WHOLE_KIB))("%s", async (name, budgetKib) => {
    const made = await bundle(`export * from "${name}";`);
    report(name, made);
    expect(made.kib).toBeLessThan(budgetKib);
  });
});

describe("readers load themselves when the first file of their kind comes", () => {
  // Of @ama-sam/data the page's own size test sees it: esbuild, unlike Rolldown, does not split what an index also exports.
  test("openCheckpoint brings safetensors alone", async () => {
    const code = `import { openCheckpoint } from "@ama-sam/checkpoint"; console.log(openCheckpoint);`;
    const { metafile } = await build(bundling(code, { splitting: true, outdir: "out" }));
    // What the entry imports without being asked: itself and its chunks, and theirs.
    const first = new Set<string>([Object.keys(metafile.outputs).find((path) => path.includes("stdin")) ?? ""]);
    for (const path of first)
      for (const { path: next, kind } of metafile.outputs[path]?.imports ?? [])
        if (kind === "import-statement") first.add(next);
    const inputs = [...first].flatMap((path) =>
      Object.entries(metafile.outputs[path]?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0),
    );
    const kib = [...first].reduce((sum, path) => sum + (metafile.outputs[path]?.bytes ?? 0), 0) / 1024;
    console.log(`${"openCheckpoint".padEnd(44)} ${kib.toFixed(1).padStart(7)} KiB before the first file`);
    expect(
      inputs.map(([path]) => path).filter((path) => /torch\/(unpickle|zip-directory|open-legacy)/.test(path)),
    ).toEqual([]);
    expect(kib).toBeLessThan(16);
  });
});
