import { defineConfig } from "tsup";

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
  loader: { ".wgsl": "text" },
  external: [/^node:/, "webgpu"],
});
