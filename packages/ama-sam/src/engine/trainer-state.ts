import type { LearnerState } from "./learner";
import type { GuardState } from "./nan-guard";

/** Version of the saved form. */
export const progressVersion = 1;

/** Where a run stands: plain data. Random numbers need no place here, they are functions of seed and position. */
export interface Progress {
  version: number;
  /** Steps done, skipped ones included: the next batch is number `step`. */
  step: number;
  /** Steps whose end-of-epoch work (validation) is done, counted as `step`. */
  closed: number;
  /** To notice that the data changed. */
  stepsPerEpoch: number;
  guard: GuardState;
  best: { score: number; step: number } | null;
}

/** Everything that a run needs to go on with the same bits. */
export interface TrainerState {
  progress: Progress;
  learner: LearnerState;
}

/** Weights to which three bad steps in a row go back. */
export interface SafeState {
  step: number;
  learner: LearnerState;
  /** The checkpoint that holds them; null for none, as for the weights that the run began with. */
  path: string | null;
}
