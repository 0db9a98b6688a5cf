import type { DomainWeights } from "@ama-sam/cgrl";
import { Adam, type AdamOptions } from "@ama-sam/nn";
import type { Recompute } from "@ama-sam/sam-encoder";
import {
  backward,
  type CompileProgress,
  cat,
  clearGraph,
  compileAhead,
  DeviceError,
  gradNorm,
  reshape,
  scope,
  type Tensor,
} from "@ama-sam/tensor";
import { AmaSamError } from "../errors";
import { type AmaSam, isSamParameter } from "../model/ama-sam";
import { losses } from "../model/losses";
import { accumulatedBackward, type ObjectiveOptions, type ObjectiveValues, uploadBatch } from "./accumulate";
import type { TrainBatch } from "./batches";
import type { Learner, LearnerMemory, LearnerState, SavedTensor, StepValues } from "./learner";

/** Options of {@link AmaSamLearner}; defaults are the paper's. */
export interface AmaSamLearnerOptions {
  adam?: Omit<AdamOptions, "lr">;
  /** Samples on the device at once; the whole batch without it. */
  microBatch?: number;
  alpha?: number;
  beta?: number;
  dice?: number;
  smooth?: number;
  /** Of eq. 3; null or none: the domain branch does not run. */
  domainWeights?: DomainWeights | null;
  recompute?: Recompute;
  /** Save frozen weights of SAM too: for models without a base checkpoint to get them from. Default false. */
  saveFrozen?: boolean;
  /** Called while the kernels of the first step are compiled, side by side, before it. */
  onCompile?: (progress: CompileProgress) => void;
}

/** An {@link AmaSam} with its Adam on one device. Freeze the model before. */
export class AmaSamLearner implements Learner {
  readonly model: AmaSam;
  readonly adam: Adam;
  readonly #options: AmaSamLearnerOptions;
  #compiled = false;

  constructor(model: AmaSam, options: AmaSamLearnerOptions = {}) {
    const trainable = model.trainable();
    if (trainable.size === 0)
      throw new AmaSamError(
        "AmaSamLearner",
        "nothing is trainable. Got a model whose parameters are all frozen. Call freeze(model, choice) with another choice.",
      );
    this.model = model;
    this.adam = new Adam(trainable, { lr: 0, ...options.adam });
    this.#options = options;
  }

  /** Forward and backward of a batch; the scalars come back in one read, before the update, so that a bad step changes nothing. */
  async gradients(batch: TrainBatch, { lambda }: { lambda: number }): Promise<StepValues> {
    const { device } = this.model;
    this.adam.zeroGrad();
    try {
      await this.#compile(batch, lambda);
      return await scope(device, "step", async () => {
        const { total, fine, coarse, domain } = this.#backward(batch, lambda);
        const grads = [...this.adam.parameters.values()].flatMap((p) => (p.grad ? [p.grad] : []));
        const scalars = [total, fine, coarse, gradNorm(grads), ...(domain ? [domain] : [])].map((s) =>
          reshape(s.detach(), [1]),
        );
        const [loss, fineValue, coarseValue, norm, domainValue] = await cat(scalars, 0).data();
        return {
          loss: loss!,
          fine: fineValue!,
          coarse: coarseValue!,
          gradNorm: norm!,
          domain: domain ? domainValue! : null,
        };
      });
    } catch (error) {
      clearGraph(device);
      throw error;
    }
  }

  update(lr: number): void {
    scope(this.model.device, "update", () => {
      this.adam.lr = lr;
      this.adam.step();
      this.adam.zeroGrad();
    });
  }

  discard(): void {
    this.adam.zeroGrad();
  }

  async save(): Promise<LearnerState> {
    return {
      updates: this.adam.steps,
      weights: await readAll(this.#saved()),
      moments: await readAll(this.adam.stateDict()),
    };
  }

  load({ updates, weights, moments }: LearnerState): void {
    const own = this.#saved();
    const wrong = [...own].filter(([name, t]) => `${weights.get(name)?.shape}` !== `${t.shape}`).map(([name]) => name);
    const surplus = [...weights.keys()].filter((name) => !own.has(name));
    if (wrong.length + surplus.length > 0) {
      const list = [...wrong, ...surplus];
      throw new AmaSamError(
        "AmaSamLearner.load",
        `the state belongs to another model. Got ${list.length} tensors that are missing, surplus or of another shape: ${list.slice(0, 5).join(", ")}. Expected the same preset, decoder and choice of what is trained.`,
      );
    }
    this.adam.zeroGrad();
    this.adam.load(updates, new Map([...moments].map(([name, { data }]) => [name, data])));
    for (const [name, t] of own) t.write(weights.get(name)!.data);
  }

  memory(): LearnerMemory {
    const { liveBytes, peakBytes } = this.model.device.memory();
    return { liveBytes, peakBytes };
  }

  isLost(error: unknown): boolean {
    return this.model.device.isLost || (DeviceError.isInstance(error) && error.reason === "lost");
  }

  dispose(): void {
    this.adam.zeroGrad();
    this.adam.dispose();
    this.model.dispose();
  }

  async #compile(batch: TrainBatch, lambda: number): Promise<void> {
    const { device } = this.model;
    // A software adapter compiles on the cores that compute: side by side takes it more processor time, and hardly less time.
    if (this.#compiled || device.info.kind === "software") return;
    this.#compiled = true;
    const forwardAndBackward = () => scope(device, "compile", () => void this.#backward(batch, lambda));
    await compileAhead(device, forwardAndBackward, this.#options.onCompile);
    this.adam.zeroGrad(); // memory without values
  }

  #backward(batch: TrainBatch, lambda: number): ObjectiveValues {
    const { model } = this;
    const {
      microBatch,
      alpha = 1,
      beta = 1,
      dice = 0.8,
      smooth = 1,
      domainWeights = null,
      recompute = false,
    } = this.#options;
    const options: ObjectiveOptions = { alpha, beta, dice, smooth, domainWeights, lambda, recompute };
    if (microBatch !== undefined && microBatch < batch.ids.length)
      return accumulatedBackward(model, batch, microBatch, options);
    const { x, label, isPrimary } = uploadBatch(model.device, batch);
    const output = model.forward(x, domainWeights ? { isPrimary, lambda, recompute } : { recompute });
    const values = losses(output, label, isPrimary, {
      alpha,
      beta,
      dice,
      smooth,
      ...(domainWeights ? { domainWeights } : {}),
    });
    backward(values.total);
    return values;
  }

  #saved(): Map<string, Tensor> {
    const { saveFrozen = false } = this.#options;
    return new Map(
      [...this.model.stateDict()].filter(([name, t]) => saveFrozen || t.requiresGrad || !isSamParameter(name)),
    );
  }
}

async function readAll(tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, SavedTensor>> {
  const out = new Map<string, SavedTensor>();
  for (const [name, t] of tensors) out.set(name, { shape: t.shape, data: await t.data() });
  return out;
}
