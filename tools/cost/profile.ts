import { openGpu } from "@ama-sam/dawn";
import { Adam, Build } from "@ama-sam/nn";
import type { Device, KernelTime } from "@ama-sam/tensor";
import { AmaSam, freeze, PRESETS, type PresetName } from "ama-sam";
import { timed } from "../bench/timed";
import type { Task } from "./dry";
import { type Family, familyOf } from "./families";
import { encodeOnce, resized, trainOnce } from "./model";

/** What one configuration took on a real adapter. */
export interface Profile {
  adapter: string;
  /** Best of the runs without timestamps: wall time, and processor time of the process. */
  ms: number;
  cpuMs: number;
  /** Milliseconds between timestamps, by family and by kernel; empty where the adapter has no timestamps. */
  families: Partial<Record<Family, number>>;
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

function sums<K extends string>(times: readonly { key: string; ms: number }[], nameOf: (kernel: string) => K) {
  const out: Partial<Record<K, number>> = {};
  for (const { key, ms } of times) {
    const name = nameOf(key.split("[")[0]);
    out[name] = (out[name] ?? 0) + ms;
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

/** Times one configuration on the adapter, `reps` times after a run that compiles. */
export async function profile(
  setting: { preset: PresetName; size: number; batch: number; task: Task; adapter?: string },
  reps: number,
): Promise<Profile> {
  const device = await openGpu({ adapter: setting.adapter });
  const { run, dispose } = taskOf(device, setting.preset, setting.size, setting.batch, setting.task);
  run();
  await device.sync();
  let [ms, cpuMs] = [Infinity, Infinity];
  for (let i = 0; i < reps; i++) {
    const times = await timed(run, () => device.sync());
    [ms, cpuMs] = [Math.min(ms, times.ms), Math.min(cpuMs, times.cpuMs)];
  }
  const runs: KernelTime[][] = [];
  if (device.abilities.timestamps) for (let i = 0; i < reps; i++) runs.push((await device.profile(run)).kernels);
  const times = runs.length > 0 ? shortest(runs) : [];
  dispose();
  const adapter = device.info.name;
  await device.dispose();
  return {
    adapter,
    ms,
    cpuMs,
    families: sums(times, familyOf),
    kernels: sums(times, (name) => name) as Record<string, number>,
  };
}
