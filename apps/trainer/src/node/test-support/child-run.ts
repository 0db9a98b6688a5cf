import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Checkpoints } from "ama-sam";
import { NodeStorage } from "../files/node-storage";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const ARGS = [
  "--conditions=@ama-sam/source",
  "--import",
  "tsx",
  "--import",
  new URL("../../../../../tools/node-wgsl.mjs", import.meta.url).href,
  at("../main.ts"),
];

/** How a child process ended. */
export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
  /** Largest resident memory of the process, threads and driver included; null off Linux. */
  peakBytes: number | null;
}

/** Runs `ama-sam` in a process of its own, one that a signal really ends; paths are absolute. `variables` go to its environment. */
export function runChild(args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<ChildEnd> {
  const env = { ...process.env, TSX_TSCONFIG_PATH: at("../../../../../tsconfig.json"), ...variables };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...ARGS, ...args], {
      cwd: at("../../../../.."),
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    let peakBytes: number | null = null;
    // The high-water mark goes with the process, so it is read while it lives.
    const timer = setInterval(() => {
      peakBytes = highWaterMark(child.pid!) ?? peakBytes;
    }, 20);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearInterval(timer);
      resolve({ code, signal, stderr, peakBytes });
    });
  });
}

/** Linux's account of a process's peak, null where there is none. */
function highWaterMark(pid: number): number | null {
  try {
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kib === undefined ? null : 1024 * Number(kib);
  } catch {
    return null;
  }
}

/** Everything of a finished run that must not depend on how often it was interrupted, as names and bytes or text. */
export async function runResult(folder: string): Promise<Map<string, string>> {
  const storage = await NodeStorage.existing(folder);
  const text = async (path: string) => Buffer.from(await storage.read(path)).toString("latin1");
  const out = new Map<string, string>();
  const files = ["config.yaml", "splits.json", "metrics.csv", "model.safetensors", "per-image.csv", "evaluation.json"];
  for (const path of [
    ...files,
    "MODEL_CARD.md",
    ...(await storage.list("previews")),
    ...(await storage.list("overlays")),
  ])
    out.set(path, await text(path));
  for (const which of ["last", "best"]) {
    const { path } = JSON.parse(await text(`checkpoints/${which}.json`));
    for (const name of ["model.safetensors", "optimiser.safetensors"])
      out.set(`${which}/${name}`, await text(`checkpoints/${path}/${name}`));
    // A checkpoint that is written again has another folder, and may name another folder to go back to.
    out.set(`${which}/state.json`, (await text(`checkpoints/${path}/state.json`)).replace(/(step-\d{8})-\d+/, "$1"));
  }
  out.set("rows of metrics.jsonl", await jsonRows(folder));
  const report = await text("report.html");
  if (!report.trimEnd().endsWith("</html>")) throw new Error(`${folder}: the report is cut`);
  return out;
}

/** Steps, validations and probes without their times. */
async function jsonRows(folder: string): Promise<string> {
  const rows = (await readFile(join(folder, "metrics.jsonl"), "utf8")).trimEnd().split("\n");
  return rows
    .map((row) => JSON.parse(row) as Record<string, unknown>)
    .filter(({ type }) => ["step", "validation", "probe"].includes(type as string))
    .map(({ time, seconds, imagesPerSecond, liveBytes, peakBytes, ...rest }) => JSON.stringify(rest))
    .join("\n");
}

/** The step of the checkpoint that a run would go on from, null without one; throws where one is there but unreadable. */
export async function checkpointStep(folder: string): Promise<number | null> {
  const found = await new Checkpoints(await NodeStorage.existing(folder)).load();
  if (found && found.damaged.length > 0) throw new Error(`unreadable: ${found.damaged.join("; ")}`);
  return found?.progress.step ?? null;
}
