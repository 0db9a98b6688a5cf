// Runs a TypeScript entry of this repository on its sources: node tools/run.mjs FILE.ts [ARG ...]
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";

// Node would look for a bare name from the folder that the command is started in, which may be any.
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const hook = new URL("./node-wgsl.mjs", import.meta.url).href;
const usage = new URL("./usage.mjs", import.meta.url).href;
const imports = [tsx, hook, usage].flatMap((url) => ["--import", url]);
const args = ["--conditions=@ama-sam/source", ...imports, ...process.argv.slice(2)];
const env = { ...process.env, TSX_TSCONFIG_PATH: fileURLToPath(new URL("../tsconfig.json", import.meta.url)) };
const child = spawn(process.execPath, args, { stdio: "inherit", env });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]) {
  // A terminal's Ctrl-C reaches the child by itself; forwarding it too would look like a second, impatient one.
  process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal)));
}
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
