// One configuration on Dawn's null backend, in a process of its own: prints its memory and its work as JSON.
import { Adam, Build } from "@ama-sam/nn";
import { AmaSam, freeze, PRESETS, type PresetName } from "ama-sam";
import { countLaunches, type WorkByFamily } from "./count";
import { CARD_BUFFER_BYTES, encodeOnce, nullDevice, resized, trainOnce } from "./model";

/** What runs: the encoder's forward pass, a training step, or one that computes blocks again in backward. */
export type Task = "encode" | "train" | "recompute";

export interface DrySetting {
  preset: PresetName;
  size: number;
  batch: number;
  task: Task;
}

export interface DryResult extends DrySetting {
  /** Parameters, and for training Adam's moments. */
  modelBytes: number;
  /** Buffers that tensors own at the peak. */
  peakBytes: number;
  work: WorkByFamily;
}

async function main(): Promise<void> {
  const setting = JSON.parse(process.argv[2]) as DrySetting;
  const { preset, size, batch, task } = setting;
  const device = await nullDevice(CARD_BUFFER_BYTES);
  const model = new AmaSam(new Build(device, { init: "none" }), resized(PRESETS[preset], size));
  freeze(model, "adapters");
  const adam = task === "encode" ? null : new Adam(model.trainable(), { lr: 1e-4 });
  const modelBytes = device.memory().liveBytes;
  device.resetPeak();
  const work = countLaunches(() => {
    if (adam) trainOnce(device, model, adam, { size, batch, recompute: task === "recompute" });
    else encodeOnce(device, model, size, batch);
  });
  const result: DryResult = { ...setting, modelBytes, peakBytes: device.memory().peakBytes, work };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0)); // what the device refused is of no interest
}

await main();
