import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Job, ModelSetting } from "./jobs";

const script = join(fileURLToPath(new URL("../../reference", import.meta.url)), "bench.py");

/** What PyTorch eager took for one job. */
export interface TorchTimes {
  job: Job;
  precision: "fp32" | "tf32" | "bf16";
  ms: number;
  peak_mib: number | null;
  device: string;
  torch: string;
}

/** Lines of JSON among whatever else a Python process prints. */
export function readTorch(stdout: string): TorchTimes[] {
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as TorchTimes);
}

/**
 * Times the PyTorch reference on the same machine: on its CUDA card if it has one, else on its processors. A precision that PyTorch
 * cannot run there is told to `say`, and has no times.
 * @param python the interpreter that has torch
 */
export async function timeTorch(
  python: string,
  { preset, size, batch }: ModelSetting,
  { jobs, runs, warmup }: { jobs: readonly Job[]; runs: number; warmup: number },
  precisions: readonly TorchTimes["precision"][],
  say: (line: string) => void,
): Promise<TorchTimes[]> {
  const times: TorchTimes[] = [];
  for (const precision of precisions) {
    const numbers = { model: preset, size, batch, runs, warmup, precision, jobs: jobs.join(",") };
    const args = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
    try {
      const { stdout } = await promisify(execFile)(python, [script, ...args], { maxBuffer: 2 ** 24 });
      times.push(...readTorch(stdout));
    } catch (error) {
      const { stdout = "", message } = error as Error & { stdout?: string };
      times.push(...readTorch(stdout)); // the jobs before the one that failed
      say(`PyTorch, ${precision}: ${message.trim().split("\n").at(-1)}`);
    }
  }
  return times;
}
