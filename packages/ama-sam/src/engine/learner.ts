import type { TrainBatch } from "./batches";

/** The scalars of one step. */
export interface StepValues {
  /** L of eq. 6. */
  loss: number;
  fine: number;
  coarse: number;
  /** null without a domain branch. */
  domain: number | null;
  /** Global L2 norm of the gradients, before clipping. */
  gradNorm: number;
}

/** A tensor on the CPU. */
export interface SavedTensor {
  shape: readonly number[];
  data: Float32Array;
}

/** Everything that a step changes in a learner. */
export interface LearnerState {
  /** Updates made by the optimiser. */
  updates: number;
  weights: Map<string, SavedTensor>;
  /** Moments by `NAME.m` and `NAME.v`. */
  moments: Map<string, SavedTensor>;
}

/** Bytes on the device. */
export interface LearnerMemory {
  liveBytes: number;
  peakBytes: number;
}

/** What the training loop drives: a model with its optimiser on some device, or a stand-in for tests. */
export interface Learner {
  /** Forward and backward; resolves when the scalars are on the CPU. The gradients wait for `update` or `discard`. */
  gradients(batch: TrainBatch, options: { lambda: number }): Promise<StepValues>;
  /** Applies the gradients. */
  update(lr: number): void;
  /** Throws the gradients away. */
  discard(): void;
  save(): Promise<LearnerState>;
  /** Overwrites weights and moments. Throws for a state of another model. */
  load(state: LearnerState): void;
  memory(): LearnerMemory;
  /** Whether this error means that the device is gone and another one could go on. */
  isLost(error: unknown): boolean;
  dispose(): void;
}
