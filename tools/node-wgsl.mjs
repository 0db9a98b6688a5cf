// Lets Node import a `.wgsl` file as a string: node --import ./tools/node-wgsl.mjs
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { fileURLToPath } from "node:url";

export async function load(url, context, next) {
  if (!url.split("?")[0].endsWith(".wgsl")) return next(url, context);
  return {
    format: "module",
    shortCircuit: true,
    source: `export default ${JSON.stringify(readFileSync(fileURLToPath(url), "utf8"))};`,
  };
}

if (!process.env.AMA_SAM_WGSL_HOOK) {
  process.env.AMA_SAM_WGSL_HOOK = "1";
  register(import.meta.url);
}
