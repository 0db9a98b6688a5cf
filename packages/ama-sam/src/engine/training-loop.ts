import { AmaSamError } from "../errors";
import type { BatchSource, TrainBatch } from "./batches";
import type { Checkpoints } from "./checkpoints";
import type { StepEvent, StopReason, TrainEvent } from "./events";
import type { Learner, LearnerState } from "./learner";
import { judgeStep, newGuard } from "./nan-guard";
import { type Progress, progressVersion, type SafeState, type TrainerState } from "./trainer-state";

/** The scores that a validation gives; `score` decides which checkpoint is best (higher wins, NaN never does). */
export interface Validation {
  score: number;
  metrics: Record<string, number>;
}

/** When a loop does what. */
export interface LoopPlan {
  totalSteps: number;
  /** Learning rate of a step, counted from 0. */
  lr(step: number): number;
  /** Strength of the reversed gradient. */
  lambda(step: number): number;
  /** Epochs; 0 for never. The end of the run validates too. */
  validateEvery: number;
  /** Steps; 0 for the ends of epochs. The best so far and the end of the run are saved in any case. */
  checkpointEvery: number;
  /** Minutes; 0 for never. */
  checkpointMinutes: number;
  /** Steps; 0 for checkpoints only. */
  snapshotEvery: number;
}

/** Options of {@link TrainingLoop}. */
export interface LoopOptions<L extends Learner> {
  learner: L;
  batches: BatchSource;
  plan: LoopPlan;
  validate?: (learner: L) => Promise<Validation>;
  checkpoints?: Checkpoints;
  /** Makes the same learner on another device; without it a lost device ends the run. */
  recover?: (lost: L) => Promise<L>;
  onEvent?: (event: TrainEvent) => void;
  /** Milliseconds. Default `performance.now`. */
  clock?: () => number;
}

/** Options of {@link TrainingLoop.run}. */
export interface RunOptions {
  /** Ends the run after the step under way; the state is saved. */
  signal?: AbortSignal;
  /** Steps of this call. */
  maxSteps?: number;
  maxTimeMs?: number;
}

/** Losses of a device in a row, without a step between, after which the run gives up. */
const MAX_LOSSES_IN_A_ROW = 3;
/** Batches that are prepared ahead. */
const BATCHES_AHEAD = 2;

/**
 * The loop around a {@link Learner}: batches, guard against NaN, validation, checkpoints, recovery, events.
 *
 * Everything that decides the next bits is in {@link TrainerState}; a loop restored from it goes on as if it had never stopped.
 */
export class TrainingLoop<L extends Learner> {
  #learner: L;
  #progress: Progress;
  /**
   * Learner and position from which a lost device is replaced, and the weights to which bad steps roll back: those of the last
   * checkpoint that the plan asked for. One that a clock or an interruption asked for would make the end of the run depend on it.
   */
  #snapshot: { step: number; guard: Progress["guard"]; learner: LearnerState } | null = null;
  #safe: SafeState | null = null;
  /** Batches that a caller gave since the snapshot: replaying needs them. */
  readonly #given = new Map<number, TrainBatch>();
  readonly #ahead = new Map<number, Promise<TrainBatch>>();
  readonly #options: LoopOptions<L>;
  readonly #clock: () => number;
  #last = 0;
  #savedAt = 0;
  /** Step of the newest checkpoint that this loop wrote. */
  #writtenStep = -1;

  constructor(options: LoopOptions<L>) {
    this.#options = options;
    this.#learner = options.learner;
    this.#clock = options.clock ?? (() => performance.now());
    this.#progress = {
      version: progressVersion,
      step: 0,
      closed: 0,
      stepsPerEpoch: options.batches.stepsPerEpoch,
      guard: newGuard(),
      best: null,
    };
    this.#last = this.#savedAt = this.#clock();
  }

  /** The learner in use; another one after a lost device. */
  get learner(): L {
    return this.#learner;
  }

  get progress(): Readonly<Progress> {
    return this.#progress;
  }

  get totalSteps(): number {
    return this.#options.plan.totalSteps;
  }

  get isFinished(): boolean {
    return this.#progress.step >= this.totalSteps && this.#progress.closed >= this.#progress.step;
  }

  /** A copy of everything that the run needs to go on. */
  async state(): Promise<TrainerState> {
    const learner = await this.#guarded(() => this.#learner.save());
    return { progress: structuredClone(this.#progress), learner };
  }

  /**
   * Goes back to a saved state; bad steps roll back to `safe`, or to this state where there is none.
   * @throws AmaSamError when the data or the model is another one
   */
  restore({ progress, learner, safe }: TrainerState & { safe?: SafeState | null }): void {
    const { stepsPerEpoch } = this.#options.batches;
    if (progress.stepsPerEpoch !== stepsPerEpoch) {
      throw new AmaSamError(
        "restore",
        `the state belongs to other data. Got ${progress.stepsPerEpoch} steps per epoch. Expected ${stepsPerEpoch}: the same images, split and batch size.`,
      );
    }
    this.#learner.load(learner);
    this.#progress = structuredClone(progress);
    this.#snapshot = { step: progress.step, guard: this.#progress.guard, learner };
    this.#safe = safe ?? { step: progress.step, learner, path: null };
    this.#given.clear();
    this.#ahead.clear();
  }

  /** One step, on the next batch or on a given one. Does not validate or save. */
  async step(batch?: TrainBatch): Promise<StepEvent> {
    await this.#prepare();
    const { step } = this.#progress;
    if (batch) this.#given.set(step, batch);
    const event = await this.#guarded(() => this.#one(true));
    const { snapshotEvery } = this.#options.plan;
    if (snapshotEvery > 0 && this.#progress.step % snapshotEvery === 0 && this.#options.recover)
      await this.#takeSnapshot();
    return event;
  }

  /** Runs to the end, or until it is told to stop; saves before it returns. */
  async run({
    signal,
    maxSteps = Number.POSITIVE_INFINITY,
    maxTimeMs = Number.POSITIVE_INFINITY,
  }: RunOptions = {}): Promise<StopReason> {
    const start = this.#clock();
    await this.#prepare();
    let steps = 0;
    let reason: StopReason = "finished";
    while (!this.isFinished) {
      if (signal?.aborted) reason = "stopped";
      else if (this.#clock() - start >= maxTimeMs) reason = "time";
      else if (steps >= maxSteps && this.#progress.step < this.totalSteps) reason = "steps";
      if (reason !== "finished") break;
      if (this.#isBoundary()) await this.#close();
      else {
        await this.step();
        steps++;
        if (this.#isBoundary()) continue;
        await this.#saveIfDue(false);
      }
    }
    if (reason !== "finished" && this.#writtenStep !== this.#progress.step) await this.#save();
    this.#emit({ type: "done", reason, step: this.#progress.step, totalSteps: this.totalSteps });
    return reason;
  }

  /** Frees the learner. */
  dispose(): void {
    this.#learner.dispose();
  }

  #emit(event: TrainEvent): void {
    this.#options.onEvent?.(event);
  }

  /** Whether end-of-epoch work is due before the next step. */
  #isBoundary(): boolean {
    const { step, closed, stepsPerEpoch } = this.#progress;
    return step > closed && (step % stepsPerEpoch === 0 || step >= this.totalSteps);
  }

  /** Whether the plan asks for a checkpoint after this step: a matter of steps alone, so that a repeated run rolls back to the same. */
  #isPlanned(atEpochEnd: boolean): boolean {
    const { checkpointEvery } = this.#options.plan;
    const { step, guard } = this.#progress;
    if (step >= this.totalSteps) return true;
    if (checkpointEvery === 0) return atEpochEnd;
    // Weights that give NaN right now are no place to roll back to.
    return step % checkpointEvery === 0 && guard.inARow === 0;
  }

  async #saveIfDue(atEpochEnd: boolean): Promise<void> {
    if (this.#isPlanned(atEpochEnd)) await this.#save({ planned: true });
    else if (this.#isLate()) await this.#save();
  }

  /** Whether so much time has passed that losing it would hurt. */
  #isLate(): boolean {
    const { checkpointMinutes } = this.#options.plan;
    return checkpointMinutes > 0 && this.#clock() - this.#savedAt >= checkpointMinutes * 60_000;
  }

  async #prepare(): Promise<void> {
    if (this.#safe) return;
    const learner = await this.#learner.save();
    const { step, guard } = this.#progress;
    this.#safe = { step, learner, path: null };
    this.#snapshot = { step, guard, learner };
  }

  async #takeSnapshot(): Promise<void> {
    const learner = await this.#guarded(() => this.#learner.save());
    this.#snapshot = { step: this.#progress.step, guard: this.#progress.guard, learner };
    this.#given.clear();
  }

  #batchAt(step: number): Promise<TrainBatch> {
    const given = this.#given.get(step);
    if (given) return Promise.resolve(given);
    const { batches } = this.#options;
    const request = (at: number): Promise<TrainBatch> => {
      let found = this.#ahead.get(at);
      if (!found) {
        found = batches.batch(Math.floor(at / batches.stepsPerEpoch), at % batches.stepsPerEpoch);
        found.catch(() => undefined); // reported when its turn comes
        this.#ahead.set(at, found);
      }
      return found;
    };
    const wanted = request(step);
    for (const at of this.#ahead.keys()) if (at < step || at > step + BATCHES_AHEAD) this.#ahead.delete(at);
    for (let at = step + 1; at <= step + BATCHES_AHEAD && at < this.totalSteps; at++) request(at);
    return wanted;
  }

  /** One step at the current position; `tell` is false when it repeats a step that was told. */
  async #one(tell: boolean): Promise<StepEvent> {
    const { plan } = this.#options;
    const { step, stepsPerEpoch } = this.#progress;
    const batch = await this.#batchAt(step);
    const [lr, lambda] = [plan.lr(step), plan.lambda(step)];
    const values = await this.#learner.gradients(batch, { lambda });
    const finite = [values.loss, values.fine, values.coarse, values.domain ?? 0, values.gradNorm].every(
      Number.isFinite,
    );
    const { guard, verdict } = judgeStep(this.#progress.guard, finite, batch.ids);
    if (verdict === "update") this.#learner.update(lr);
    else this.#learner.discard();
    this.#ahead.delete(step);
    this.#progress = { ...this.#progress, step: step + 1, guard };
    const now = this.#clock();
    const seconds = Math.max(1e-9, (now - this.#last) / 1000);
    this.#last = now;
    const images = batch.ids.length;
    const event: StepEvent = {
      type: "step",
      ...values,
      step: step + 1,
      totalSteps: this.totalSteps,
      epoch: Math.floor(step / stepsPerEpoch),
      lr,
      lambda,
      images,
      seconds,
      imagesPerSecond: images / seconds,
      ...this.#learner.memory(),
      skipped: verdict !== "update",
    };
    if (tell) this.#emit(event);
    if (verdict !== "update") await this.#bad(verdict, batch.ids, tell);
    return event;
  }

  async #bad(verdict: "skip" | "rollback" | "stop", ids: readonly string[], tell: boolean): Promise<void> {
    const { step, guard } = this.#progress;
    if (tell) this.#emit({ type: "nan", step, images: [...ids], inARow: guard.inARow, skipped: guard.skipped });
    if (verdict === "stop") {
      throw new AmaSamError(
        "train",
        `the loss is not a number again and again. Got NaN or infinity in three steps in a row, after ${guard.rollbacks} returns to the last checkpoint. The images were ${guard.images.join(", ")}. Check them, or use a smaller train.lr or train.clipNorm=1.`,
      );
    }
    if (verdict === "rollback" && this.#safe) {
      // The data go on: the same batches on the same weights would give the same NaN, bit for bit.
      this.#learner.load(this.#safe.learner);
      this.#snapshot = { step, guard, learner: this.#safe.learner };
      this.#given.clear();
      if (tell)
        this.#emit({ type: "rollback", step, toStep: this.#safe.step, rollbacks: guard.rollbacks, images: [...ids] });
    }
  }

  async #close(): Promise<void> {
    const { step, stepsPerEpoch } = this.#progress;
    const { plan, validate } = this.#options;
    const epoch = Math.ceil(step / stepsPerEpoch);
    let isBest = false;
    if (validate && plan.validateEvery > 0 && (epoch % plan.validateEvery === 0 || step >= this.totalSteps)) {
      const start = this.#clock();
      const { score, metrics } = await this.#guarded(() => validate(this.#learner));
      isBest = score > (this.#progress.best?.score ?? Number.NEGATIVE_INFINITY);
      if (isBest) this.#progress = { ...this.#progress, best: { score, step } };
      this.#emit({
        type: "validation",
        step,
        epoch,
        score,
        metrics,
        best: isBest,
        seconds: (this.#clock() - start) / 1000,
      });
    }
    this.#progress = { ...this.#progress, closed: step };
    if (isBest) await this.#save({ best: true, planned: true });
    else await this.#saveIfDue(true);
    this.#last = this.#clock();
  }

  async #save({ best = false, planned = false } = {}): Promise<void> {
    const { checkpoints } = this.#options;
    const start = this.#clock();
    const state = await this.state();
    const { step, guard } = state.progress;
    const isSafe = planned && guard.inARow === 0;
    let written: string | null = null;
    if (checkpoints) {
      const safe = isSafe ? {} : { safe: this.#safe?.path ?? null };
      const { path, bytes } = await checkpoints.save(state, { best, ...safe });
      written = path;
      this.#writtenStep = step;
      this.#emit({ type: "checkpoint", step, path, bytes, best, seconds: (this.#clock() - start) / 1000 });
    }
    if (isSafe) this.#safe = { step, learner: state.learner, path: written };
    this.#snapshot = { step, guard, learner: state.learner };
    this.#given.clear();
    this.#savedAt = this.#clock();
  }

  /** Runs device work; after a loss takes a new device, repeats the steps since the snapshot, and tries again. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    for (let losses = 0; ; ) {
      try {
        return await work();
      } catch (error) {
        if (!this.#learner.isLost(error)) throw error;
        losses = await this.#recoverFrom(error, losses + 1);
      }
    }
  }

  async #recoverFrom(error: unknown, losses: number): Promise<number> {
    const { recover } = this.#options;
    const snapshot = this.#snapshot;
    const goal = this.#progress;
    this.#emit({ type: "lost", step: goal.step, message: error instanceof Error ? error.message : String(error) });
    for (let cause = error; ; losses++) {
      if (!recover || !snapshot || losses > MAX_LOSSES_IN_A_ROW) throw cause;
      try {
        this.#learner = await recover(this.#learner);
        this.#learner.load(snapshot.learner);
        this.#progress = { ...goal, step: snapshot.step, guard: snapshot.guard };
        while (this.#progress.step < goal.step) await this.#one(false);
        this.#emit({ type: "recovered", step: goal.step, fromStep: snapshot.step });
        return losses;
      } catch (again) {
        this.#progress = goal;
        if (!this.#learner.isLost(again)) throw again;
        cause = again;
      }
    }
  }
}
