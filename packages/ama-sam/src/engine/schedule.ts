import { lambdaRamp } from "@ama-sam/cgrl";
import { cosine, exponential, paperLearningRate } from "@ama-sam/nn";
import type { Config } from "../schema/config";

/** How long a run is. */
export interface RunLength {
  stepsPerEpoch: number;
  /** Steps of the whole run: epochs, or fewer by `train.steps`. */
  totalSteps: number;
}

/** The length of a configured run. */
export function runLength({ train }: Config, stepsPerEpoch: number): RunLength {
  const all = train.epochs * stepsPerEpoch;
  return { stepsPerEpoch, totalSteps: train.steps > 0 ? Math.min(train.steps, all) : all };
}

/** The learning rate of a step, counted from 0: a pure function, so that resuming needs nothing of it. */
export function learningRate(
  { train }: Config,
  { stepsPerEpoch, totalSteps }: RunLength,
  images: number,
): (step: number) => number {
  const base = train.lr === "paper" ? paperLearningRate(images) : train.lr;
  const rise = (step: number) => Math.min(1, (step + 1) / Math.max(1, train.warmup));
  if (train.schedule === "constant") return (step) => base * rise(step);
  if (train.schedule === "cosine") {
    const over = cosine(base, totalSteps);
    return (step) => over(step) * rise(step);
  }
  const over = exponential(base, train.decay);
  return (step) => over(Math.floor(step / stepsPerEpoch)) * rise(step);
}

/** The strength of the reversed gradient at a step: constant, or Ganin's ramp over the run. */
export function lambdaAt({ model: { lambda } }: Config, { totalSteps }: RunLength): (step: number) => number {
  if (typeof lambda === "number") return () => lambda;
  return (step) => lambdaRamp(step / Math.max(1, totalSteps), lambda.ramp);
}
