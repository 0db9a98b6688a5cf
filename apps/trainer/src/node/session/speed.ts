import type { Device } from "@ama-sam/tensor";
import { type Config, Trainer } from "ama-sam";
import type { RunData } from "./open-data";

/** Seconds of one training step on this device: the fastest of a few after the pipelines are compiled. Nothing is saved. */
export async function measureSecondsPerStep(device: Device, config: Config, data: RunData, steps = 5): Promise<number> {
  const seconds: number[] = [];
  const trainer = await Trainer.create({
    device,
    config,
    data: { ...data, validation: [] },
    onEvent: (event) => {
      if (event.type === "step") seconds.push(event.seconds);
    },
  });
  for (let i = 0; i < steps; i++) await trainer.step();
  trainer.dispose();
  const sorted = seconds.slice(2).sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
