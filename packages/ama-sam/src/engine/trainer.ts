import { domainWeights } from "@ama-sam/cgrl";
import { type Checkpoint, sha256 } from "@ama-sam/checkpoint";
import { createSampleLoader, type DatasetItem, type SampleLoader } from "@ama-sam/data";
import { Build } from "@ama-sam/nn";
import type { Device } from "@ama-sam/tensor";
import { AmaSamError } from "../errors";
import { AmaSam } from "../model/ama-sam";
import { freeze } from "../model/freeze";
import { loadBase } from "../save/trained";
import { augmentation } from "../schema/augmentation";
import type { Config, ConfigInput } from "../schema/config";
import { portableConfig } from "../schema/portable-config";
import { resolveConfig } from "../schema/resolve";
import { evaluateOptions, modelConfig } from "../schema/settings";
import { configToYaml } from "../schema/write-config";
import { AmaSamLearner } from "./ama-sam-learner";
import { type BatchOrder, type BatchSource, orderedBatches, sampledBatches, type TrainingSource } from "./batches";
import { Checkpoints } from "./checkpoints";
import { type EvaluatedImage, evaluateModel, flatMetrics } from "./evaluate";
import type { TrainEvent } from "./events";
import { lambdaAt, learningRate, runLength } from "./schedule";
import type { RunStorage } from "./storage";
import { TrainingLoop } from "./training-loop";

/** Images by their part in the training. */
export interface TrainingData {
  primary: TrainingSource;
  auxiliary?: readonly TrainingSource[];
  /** Primary images that choose the best checkpoint; none: no validation. */
  validation?: readonly DatasetItem[];
  /** The content of every batch, where `data.sampler.order` names a file: the engine reads no paths. */
  order?: BatchOrder;
}

/** Options of {@link Trainer.create}. */
export interface TrainerOptions {
  device: Device;
  config: ConfigInput | Config;
  /** Training images, or batches made elsewhere. */
  data: TrainingData | { batches: BatchSource; validation?: readonly DatasetItem[] };
  /**
   * Makes the model on a device, weights loaded; called again after a lost device. Default: the configured model, from `base` or
   * from scratch. It is frozen by `model.trainable` afterwards.
   */
  model?: (device: Device) => AmaSam | Promise<AmaSam>;
  /** Opens the checkpoint that `model.init.checkpoint` names; the engine reads no paths. */
  base?: () => Promise<Checkpoint>;
  /** SHA-256 of the base, for the headers of saved files. */
  baseSha256?: string;
  /** Where checkpoints go; without it nothing is saved. */
  storage?: RunStorage;
  /** Makes training samples; default: decodes in this thread. */
  load?: SampleLoader;
  /** Opens another device after a loss; without it a loss ends the run. */
  onDeviceLost?: () => Promise<Device>;
  /** Sees every validated image: for previews. */
  onValidated?: (result: EvaluatedImage, epoch: number) => void | Promise<void>;
  onEvent?: (event: TrainEvent) => void;
  /** Milliseconds. Default `performance.now`. */
  clock?: () => number;
}

/** The configured model with initial weights, or with those of `base`; frozen as configured. */
export async function buildModel(device: Device, config: Config, base?: () => Promise<Checkpoint>): Promise<AmaSam> {
  const { init, decoder, trainable } = config.model;
  if (init.checkpoint !== undefined && !base) {
    throw new AmaSamError(
      "buildModel",
      `the checkpoint was not opened. Got model.init.checkpoint ${init.checkpoint} without base. Expected base: () => openCheckpoint(...).`,
    );
  }
  const model = new AmaSam(new Build(device, { seed: init.seed }), modelConfig(config), { decoder });
  if (base) await loadBase(model, await base());
  freeze(model, trainable);
  return model;
}

/**
 * Trains AMA-SAM by a configuration: the paper's recipe by default (3.4; fidelity A13 to A20).
 *
 * @example
 * const trainer = await Trainer.create({ device, config, data: { primary, auxiliary, validation }, storage });
 * await trainer.resume();           // goes on where the last run in this storage stopped
 * await trainer.run({ signal });
 */
export class Trainer extends TrainingLoop<AmaSamLearner> {
  readonly config: Config;
  readonly checkpoints: Checkpoints | null;

  private constructor(
    config: Config,
    checkpoints: Checkpoints | null,
    options: ConstructorParameters<typeof TrainingLoop<AmaSamLearner>>[0],
  ) {
    super(options);
    this.config = config;
    this.checkpoints = checkpoints;
  }

  /** The model being trained; another object after a lost device. */
  get model(): AmaSam {
    return this.learner.model;
  }

  /**
   * Builds model, optimiser and batches.
   * @throws AmaSamError for a configuration or data that do not fit
   */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const { device, data, base, storage, onDeviceLost, onValidated, onEvent, clock } = options;
    const config = resolveConfig(options.config);
    const { train } = config;
    const build = async (on: Device): Promise<AmaSam> => {
      if (!options.model) return buildModel(on, config, base);
      const model = await options.model(on);
      freeze(model, config.model.trainable);
      return model;
    };
    const model = await build(device);
    const size = model.config.encoder.imageSize;
    const batches = "batches" in data ? data.batches : sampled(config, data, size, options.load);
    const { primary, auxiliary } = batches.images;
    const aligned = model.config.align !== "none" && auxiliary > 0;
    const learn = (on: AmaSam): AmaSamLearner =>
      new AmaSamLearner(on, {
        adam: { betas: [train.betas[0], train.betas[1]], eps: train.eps, clipNorm: train.clipNorm },
        microBatch: train.microBatch,
        alpha: train.alpha,
        beta: train.beta,
        dice: train.dice,
        smooth: train.smooth,
        recompute: train.recompute,
        domainWeights: aligned ? domainWeights(primary, auxiliary) : null,
        saveFrozen: !base && !options.model,
        ...(onEvent ? { onCompile: (progress) => onEvent({ type: "compile", ...progress }) } : {}),
      });
    const length = runLength(config, batches.stepsPerEpoch);
    const metadata = {
      format: "ama-sam",
      kind: "trained",
      config: configToYaml(portableConfig(config)),
      ...(options.baseSha256 ? { base_sha256: options.baseSha256 } : {}),
    };
    const checkpoints = storage ? new Checkpoints(storage, { keep: train.keepCheckpoints, metadata }) : null;
    const validation = data.validation ?? [];
    const trainer: Trainer = new Trainer(config, checkpoints, {
      learner: learn(model),
      batches,
      plan: {
        totalSteps: length.totalSteps,
        lr: learningRate(config, length, primary + auxiliary),
        lambda: lambdaAt(config, length),
        validateEvery: train.validateEvery,
        checkpointEvery: train.checkpointEvery,
        checkpointMinutes: train.checkpointMinutes,
        snapshotEvery: train.snapshotEvery,
      },
      ...(validation.length > 0
        ? {
            validate: async (learner: AmaSamLearner) => {
              const epoch = Math.ceil(trainer.progress.step / batches.stepsPerEpoch);
              try {
                const { aggregate } = await evaluateModel(learner.model, validation, {
                  ...evaluateOptions(config, size),
                  ...(onValidated ? { onImage: (result: EvaluatedImage) => onValidated(result, epoch) } : {}),
                });
                return { score: aggregate.dsc, metrics: flatMetrics(aggregate) };
              } catch (error) {
                // Never the best; whether the weights are lost, the next steps tell, and the guard acts on it.
                if (AmaSamError.isInstance(error) && error.reason === "not-finite")
                  return { score: Number.NaN, metrics: {} };
                throw error;
              }
            },
          }
        : {}),
      ...(checkpoints ? { checkpoints } : {}),
      ...(onDeviceLost ? { recover: async () => learn(await build(await onDeviceLost())) } : {}),
      ...(onEvent ? { onEvent } : {}),
      ...(clock ? { clock } : {}),
    });
    return trainer;
  }

  /**
   * Goes on from a checkpoint in the storage.
   * @returns the path and what was found damaged, or null where there is no checkpoint
   */
  async resume(which = "last"): Promise<{ path: string; damaged: string[]; step: number } | null> {
    const found = await this.checkpoints?.load(which);
    if (!found) return null;
    // Without a checkpoint to roll back to, the weights that the run began with: this trainer has them still.
    const first = found.safe === null ? (await this.state()).learner : null;
    this.restore({ ...found, safe: first ? { step: 0, learner: first, path: null } : found.safe });
    return { path: found.path, damaged: found.damaged, step: found.progress.step };
  }

  /** SHA-256 over weights, moments and position: equal for runs that are the same, bit for bit. */
  async fingerprint(): Promise<string> {
    const { progress, learner } = await this.state();
    const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
    const chunks: Uint8Array[] = [text({ ...progress, updates: learner.updates })];
    for (const tensors of [learner.weights, learner.moments]) {
      for (const [name, { data }] of tensors)
        chunks.push(text(name), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    return sha256(chunks);
  }
}

function sampled(config: Config, data: TrainingData, size: number, given?: SampleLoader): BatchSource {
  const { batch, seed } = config.train;
  const { sampler, cacheMb } = config.data;
  const { primary, auxiliary = [], order } = data;
  const load =
    given ?? createSampleLoader({ size, seed, augmentation: augmentation(config), cacheBytes: cacheMb * 2 ** 20 });
  if (typeof sampler !== "string" && "order" in sampler) {
    const other = order?.batches.find((ids) => ids.length !== batch);
    if (!order || other)
      throw new AmaSamError(
        "Trainer.create",
        `no order of batches for data.sampler.order. Got ${other ? `a batch of ${other.length} images` : "no data.order"}. Expected batches of train.batch = ${batch} images.`,
      );
    return orderedBatches({ primary, auxiliary, order, load });
  }
  const policy = typeof sampler === "string" ? sampler : ({ ratio: [sampler.ratio[0], sampler.ratio[1]] } as const);
  return sampledBatches({ primary, auxiliary, batchSize: batch, seed, policy, size, load });
}
