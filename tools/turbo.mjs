// Runs turbo without telemetry: node tools/turbo.mjs run build
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./workspace.mjs";

const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
const turbo = join(root, "node_modules/turbo/bin/turbo");
process.exit(
  spawnSync(process.execPath, [turbo, ...process.argv.slice(2)], { cwd: root, env, stdio: "inherit" }).status ?? 1,
);
