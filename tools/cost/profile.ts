import { openGpu } from "@ama-sam/dawn";
import { Adam, Build } from "@ama-sam/nn";
import type { Device, KernelTime } from "@ama-sam/tensor";
import { AmaSam, freeze, PRESETS, type PresetName } from "ama-sam";
import { peakProbes } from "../bench/peaks";
import { repeated, type Times, timed } from "../bench/timed";
import type { Task } from "./dry";
import { type Family, familyOf } from "./families";
import { encodeOnce, resized, trainOnce } from "./model";

/** GFLOP/s by wall time, and per processor second. */
interface Peak {
  gflops: number;
  perCpu: number;
}

/** What one configuration took on a real adapter. */
export interface Profile {
  adapter: string;
  /** Best of the runs without timestamps: wall time, and processor time of the process. */
  ms: number;
  cpuMs: number;
  /** Every such run, and the FMA loop's rates around it: GFLOP/s by wall time, and per processor second of the process. */
  runs: readonly (Times & Peak)[];
  /** Milliseconds between timestamps, by family and by kernel; empty where the adapter has no timestamps. */
  families: Partial<Record<Family, number>>;
  /** Launches by family, as this adapter made them. */
  launches: Partial<Record<Family, number>>;
  kernels: Record<string, number>;
}

/** Shortest time of every launch over several runs of the same work: other work on the machine only ever adds. */
export function shortest(runs: readonly (readonly KernelTime[])[]): { key: string; ms: number }[] {
  const [first, ...others] = runs;
  return first.map(({ key, begin, end }, i) => {
    const same = others.filter((run) => run[i]?.key === key).map((run) => run[i].end - run[i].begin);
    return { key, ms: Math.min(end - begin, ...same) / 1e6 };
  });
}

function sums<K extends string>(
  times: readonly { key: string; ms: number }[],
  nameOf: (kernel: string) => K,
  of: (ms: number) => number = (ms) => ms,
) {
  const out: Partial<Record<K, number>> = {};
  for (const { key, ms } of times) {
    const name = nameOf(key.split("[")[0]);
    out[name] = (out[name] ?? 0) + of(ms);
  }
  return out;
}

function taskOf(device: Device, preset: PresetName, size: number, batch: number, task: Task) {
  const model = new AmaSam(new Build(device, { init: "none" }), resized(PRESETS[preset], size));
  freeze(model, "adapters");
  const adam = task === "encode" ? null : new Adam(model.trainable(), { lr: 1e-4 });
  const run = () => {
    if (adam) trainOnce(device, model, adam, { size, batch, recompute: task === "recompute" });
    else encodeOnce(device, model, size, batch);
  };
  const dispose = () => {
    adam?.dispose();
    model.dispose();
  };
  return { run, dispose };
}

/** What the adapter's FMA loops reach now. */
async function peakNow(device: Device): Promise<Peak> {
  const peak = { gflops: 0, perCpu: 0 };
  const probes = peakProbes(device);
  for (const { kind, work, run } of probes) {
    if (kind !== "flops") continue;
    const { ms, cpuMs } = await repeated(async () => {
      run();
      await device.sync();
    }, 400);
    peak.gflops = Math.max(peak.gflops, work / ms / 1e6);
    peak.perCpu = Math.max(peak.perCpu, work / cpuMs / 1e6);
  }
  for (const probe of probes) probe.dispose();
  device.trim();
  return peak;
}

/** Times one configuration on the adapter, `reps` times after a run that compiles. */
export async function profile(
  setting: { preset: PresetName; size: number; batch: number; task: Task; adapter?: string },
  reps: number,
): Promise<Profile> {
  const device = await openGpu({ adapter: setting.adapter });
  const { run, dispose } = taskOf(device, setting.preset, setting.size, setting.batch, setting.task);
  run();
  await device.sync();
  const runs: (Times & Peak)[] = [];
  let before = await peakNow(device);
  for (let i = 0; i < reps; i++) {
    const { ms, cpuMs } = await timed(run, () => device.sync());
    const after = await peakNow(device);
    runs.push({ ms, cpuMs, gflops: (before.gflops + after.gflops) / 2, perCpu: (before.perCpu + after.perCpu) / 2 });
    before = after;
  }
  const stamped: KernelTime[][] = [];
  if (device.abilities.timestamps) for (let i = 0; i < reps; i++) stamped.push((await device.profile(run)).kernels);
  const times = stamped.length > 0 ? shortest(stamped) : [];
  dispose();
  const adapter = device.info.name;
  await device.dispose();
  return {
    adapter,
    ms: Math.min(...runs.map((r) => r.ms)),
    cpuMs: Math.min(...runs.map((r) => r.cpuMs)),
    runs,
    families: sums(times, familyOf),
    launches: sums(times, familyOf, () => 1),
    kernels: sums(times, (name) => name) as Record<string, number>,
  };
}
