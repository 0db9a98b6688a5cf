import type { Device } from "@ama-sam/tensor";
import { type Config, Trainer } from "ama-sam";
import type { RunData } from "./open-data";

/** Steps that compile pipelines and fill caches. */
const WARM_UP = 3;
const LEAST_STEPS = 5;
/** A few steps alone mislead: a shared machine, or one that cools down, starts faster than it goes on. */
const MEASURED_SECONDS = 15;

/** Seconds of one training step on this device, on average over {@link MEASURED_SECONDS}, waiting for its images included. Nothing is saved. */
export async function measureSecondsPerStep(device: Device, config: Config, data: RunData): Promise<number> {
  const trainer = await Trainer.create({ device, config, data: { ...data, validation: [] } });
  for (let i = 0; i < WARM_UP; i++) await trainer.step();
  const start = performance.now();
  let [steps, seconds] = [0, 0];
  while (steps < LEAST_STEPS || seconds < MEASURED_SECONDS) {
    await trainer.step();
    steps++;
    seconds = (performance.now() - start) / 1000;
  }
  trainer.dispose();
  return seconds / steps;
}
