import type { ConfigInput } from "ama-sam";

/** The settings that the page offers; all others have the command's defaults. */
export interface Settings {
  preset: "nano" | "vit-b" | "vit-l" | "vit-h";
  align: "none" | "grl" | "cgrl";
  steps: number;
  batch: number;
  lr: number;
  seed: number;
  validateEvery: number;
}

export const defaults: Settings = {
  preset: "nano",
  align: "cgrl",
  steps: 240,
  batch: 4,
  lr: 1e-3,
  seed: 0,
  validateEvery: 10,
};

/** Where each setting is in the configuration: its key tells what it means. */
export const KEYS: Readonly<Record<keyof Settings, string>> = {
  preset: "model.preset",
  align: "model.align",
  steps: "train.steps",
  batch: "train.batch",
  lr: "train.lr",
  seed: "train.seed",
  validateEvery: "train.validateEvery",
};

/** The run's configuration, in the form that the command reads. */
export function toConfig(
  { preset, align, steps, batch, lr, seed, validateEvery }: Settings,
  sets: readonly string[],
): ConfigInput {
  const [primary, ...auxiliary] = sets.map((name) => ({ path: name, name }));
  const nano = preset === "nano";
  return {
    model: { preset, align, init: { seed } },
    data: {
      ...(primary && { primary }),
      auxiliary,
      sampler: "balanced",
      // The small model sees crops at the images' own scale; SAM's sizes see whole images, as in the paper.
      augment: nano ? { fit: "crop", scale: [1, 1] } : {},
    },
    train: {
      epochs: 100_000,
      steps,
      batch,
      lr,
      schedule: "cosine",
      warmup: Math.min(10, steps),
      clipNorm: 1,
      seed,
      validateEvery,
      checkpointEvery: 20,
      checkpointMinutes: 2,
    },
    eval: { instances: "watershed" },
  };
}
