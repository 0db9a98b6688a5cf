import { Adam, Build } from "@ama-sam/nn";
import type { Device } from "@ama-sam/tensor";
import { AmaSam, freeze, PRESETS, type PresetName } from "ama-sam";
import { median } from "../bench/median";
import { nullDevice, resized, trainOnce } from "./model";

/** What the processor does for one training step, the GPU's work left out. */
export interface Encoding {
  launches: number;
  submits: number;
  /** Of the first steps, then of a later one, where everything that can be kept is. */
  bindGroups: readonly number[];
  /** Processor milliseconds of a later step: the middle of many. */
  cpuMs: number;
}

/**
 * Encodes training steps on Dawn's null backend: shapes, autograd, buffers, bind groups, commands, Dawn's own checks.
 * @param size side of the input: small, since that backend keeps 512 MiB; the number of launches hardly depends on it
 */
export async function encodeSteps(preset: PresetName, size: number, steps = 30): Promise<Encoding> {
  const device: Device = await nullDevice();
  let made = 0;
  const { gpu } = device;
  const make = gpu.createBindGroup.bind(gpu);
  Object.defineProperty(gpu, "createBindGroup", {
    value: (descriptor: GPUBindGroupDescriptor) => {
      made++;
      return make(descriptor);
    },
  });
  const model = new AmaSam(new Build(device, { init: "none" }), resized(PRESETS[preset], size));
  freeze(model, "adapters");
  const adam = new Adam(model.trainable(), { lr: 1e-4 });
  const bindGroups: number[] = [];
  const times: number[] = [];
  let [launches, submits] = [0, 0];
  for (let step = 0; step < steps; step++) {
    const { counts } = device.queue;
    const before = { ...counts };
    made = 0;
    const cpu = process.cpuUsage();
    trainOnce(device, model, adam, { size, batch: 1, recompute: false });
    device.queue.flush();
    const { user, system } = process.cpuUsage(cpu);
    times.push((user + system) / 1000);
    bindGroups.push(made);
    launches = counts.dispatches - before.dispatches;
    submits = counts.submits - before.submits;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return {
    launches,
    submits,
    bindGroups: [...bindGroups.slice(0, 3), bindGroups[steps - 1]],
    cpuMs: median(times.slice(5)),
  };
}
