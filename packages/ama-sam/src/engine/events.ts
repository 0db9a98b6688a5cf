import type { StepValues } from "./learner";

/** How a run ended: all steps done, `signal` aborted, or `maxTimeMs` or `maxSteps` reached. */
export type StopReason = "finished" | "stopped" | "time" | "steps";

/** One step, good or skipped. */
export interface StepEvent extends StepValues {
  type: "step";
  /** Steps done, this one included: 1 for the first. */
  step: number;
  totalSteps: number;
  /** Epoch of this step, counted from 0. */
  epoch: number;
  lr: number;
  lambda: number;
  /** Images of the batch. */
  images: number;
  /** Seconds since the end of the step before, data loading included. */
  seconds: number;
  imagesPerSecond: number;
  /** Bytes on the device. */
  liveBytes: number;
  peakBytes: number;
  /** True when a value was not finite and the weights stayed as they were. */
  skipped: boolean;
}

/** The scores of the validation images. */
export interface ValidationEvent {
  type: "validation";
  step: number;
  /** Epochs done. */
  epoch: number;
  /** What `best` goes by: the mean DSC. */
  score: number;
  metrics: Record<string, number>;
  best: boolean;
  seconds: number;
}

/** What a training run tells. Steps that are repeated after a lost device are not told twice. */
export type TrainEvent =
  | StepEvent
  | ValidationEvent
  /** Kernels of the first step, compiled side by side before it. */
  | { type: "compile"; done: number; total: number }
  | { type: "checkpoint"; step: number; path: string; bytes: number; best: boolean; seconds: number }
  | { type: "nan"; step: number; images: string[]; inARow: number; skipped: number }
  | { type: "rollback"; step: number; toStep: number; rollbacks: number; images: string[] }
  | { type: "lost"; step: number; message: string }
  | { type: "recovered"; step: number; fromStep: number }
  | { type: "done"; reason: StopReason; step: number; totalSteps: number };
