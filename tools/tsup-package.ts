import { readFile } from "node:fs/promises";
import { defineConfig, type Options } from "tsup";
import ts from "typescript";
import { plainShaders } from "./plain-wgsl";

/**
 * `const k = /* @__PURE__ *\/ f(args)` becomes `const k = /* @__PURE__ *\/ (() => /* @__PURE__ *\/ f(args))()`. A bundler drops an unused pure
 * call only when its arguments are free of calls and spreads as well; without arguments it always can, so whoever imports
 * one op of a package does not also pay for the others and their WGSL. SWC (rspack, Turbopack) inlines the function and keeps only
 * the mark of the call in it.
 */
function dropPureCalls(path: string, text: string): string {
  const edits: [number, string][] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
    const pure = ts.isCallExpression(node) && text.slice(node.getFullStart(), node.getStart()).includes("@__PURE__");
    if (pure) edits.push([node.getStart(), "(() => /* @__PURE__ */ "], [node.getEnd(), ")()"]);
    else ts.forEachChild(node, visit);
  };
  ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
    .statements.filter(ts.isVariableStatement)
    .forEach(visit);
  return edits.reverse().reduce((code, [at, insert]) => code.slice(0, at) + insert + code.slice(at), text);
}

const pureCalls: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "pure-calls",
  setup(build) {
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => ({
      contents: dropPureCalls(path, await readFile(path, "utf8")),
      loader: "ts",
    }));
  },
};

/** The one build of every package: ESM with types; `.wgsl` files become plain strings, so a consumer's bundler needs no loader. */
export default defineConfig({
  entry: ["src/index.ts"],
  format: ["esm"],
  platform: "neutral",
  target: "es2022",
  dts: { compilerOptions: { ignoreDeprecations: "5.0", customConditions: [] } },
  sourcemap: true,
  clean: true,
  treeshake: true,
  esbuildPlugins: [pureCalls, plainShaders],
  external: [/^node:/, "webgpu"],
});
