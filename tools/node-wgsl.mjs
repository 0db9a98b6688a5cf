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

// Once per process, not per environment: a child process inherits variables but no hooks. The hooks thread loads this file
// again, under the address with "?hooks", and must not register a second time.
const mark = Symbol.for("@ama-sam/node-wgsl");
if (!import.meta.url.endsWith("?hooks") && !globalThis[mark]) {
  globalThis[mark] = true;
  register(`${import.meta.url}?hooks`);
}
