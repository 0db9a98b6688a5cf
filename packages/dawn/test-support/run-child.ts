import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { OpenGpuOptions } from "../src/index";
import type { ChildReport } from "./child";

/** How a child process ended. */
export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  report: ChildReport | null;
  stderr: string;
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const NODE = [
  "--expose-gc",
  "--conditions=@ama-sam/source",
  "--import",
  "tsx",
  "--import",
  new URL("../../../tools/node-wgsl.mjs", import.meta.url).href,
];

/**
 * Runs `child.ts` in a process of its own.
 * @param wrap a command that runs the rest of the line in changed surroundings
 * @param timeoutMs a process that does not end by itself is killed then, and counts as failed
 */
export function runChild(
  task: { open: OpenGpuOptions[] },
  { env = {}, wrap = [], timeoutMs = 60_000 }: { env?: NodeJS.ProcessEnv; wrap?: string[]; timeoutMs?: number } = {},
): Promise<ChildEnd> {
  const line = [...wrap, process.execPath, ...NODE, path("./child.ts"), JSON.stringify(task)];
  const child = spawn(line[0], line.slice(1), {
    cwd: path("../../.."),
    // The hook registers once per process tree unless its mark is taken away.
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      AMA_SAM_WGSL_HOOK: "",
      TSX_TSCONFIG_PATH: path("../../../tsconfig.json"),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code, signal) => {
      let report: ChildReport | null = null;
      try {
        report = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
      } catch {
        // it died before it could speak
      }
      done({ code, signal, report, stderr });
    });
  });
}

/** Runs `count` children, `parallel` of them at a time. */
export async function runChildren(
  count: number,
  parallel: number,
  task: { open: OpenGpuOptions[] },
): Promise<ChildEnd[]> {
  const ends: ChildEnd[] = [];
  let started = 0;
  const lane = async () => {
    while (started++ < count) ends.push(await runChild(task));
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return ends;
}

/** Whether a child computed correctly, freed everything and ended by itself. */
export function isClean({ code, report }: ChildEnd): boolean {
  return (
    code === 0 &&
    report !== null &&
    !report.error &&
    report.instances === 0 &&
    report.sums.every((sum) => sum === 500500)
  );
}
