// @boundaries-ignore one build for all packages
import build from "../../tools/tsup-package";

/** Two entries: what belongs to vitest stays out of the tools that share the rest. */
const config: typeof build = { ...build, entry: ["src/index.ts", "src/op-suite.ts"] };

export default config;
