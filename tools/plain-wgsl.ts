import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

/**
 * A shader as packages ship it: without comments, indentation and empty lines, which no bundler takes out of a string. Lines and names
 * stay, so that tunables (`const`, `alias`, `enable` lines) are found and a compile error shows code that can be read.
 */
export function plainWgsl(code: string): string {
  return code
    .replace(/\/\*[\s\S]*?\*\//g, " ")
    .replace(/\/\/.*/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");
}

/** Imports `.wgsl` files as {@link plainWgsl} strings. */
export const plainShaders: Plugin = {
  name: "plain-shaders",
  setup(build) {
    build.onLoad({ filter: /\.wgsl$/ }, async ({ path }) => ({
      contents: plainWgsl(await readFile(path, "utf8")),
      loader: "text",
    }));
  },
};
