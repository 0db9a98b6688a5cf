export { AmaSamLearner, type AmaSamLearnerOptions } from "./engine/ama-sam-learner";
export { type Baseline, haematoxylin, luminance, otsuThreshold, predictBaseline } from "./engine/baselines";
export {
  type BatchOrder,
  type BatchSource,
  fixedBatches,
  type OrderedBatchesOptions,
  orderedBatches,
  type SampledBatchesOptions,
  sampledBatches,
  type TrainBatch,
  type TrainingSource,
} from "./engine/batches";
export {
  Checkpoints,
  type CheckpointsOptions,
  type LoadedCheckpoint,
  type SaveCheckpointOptions,
  type WrittenCheckpoint,
} from "./engine/checkpoints";
export { domainProbe, type ProbeResult, type ProbeSet, pooledEmbeddings } from "./engine/domain-probe";
export {
  type EvaluatedImage,
  type EvaluateOptions,
  evaluateModel,
  evaluatePredictor,
  flatMetrics,
  type ModelEvaluation,
} from "./engine/evaluate";
export type { StepEvent, StopReason, TrainEvent, ValidationEvent } from "./engine/events";
export { holdOut } from "./engine/hold-out";
export { type InstanceOptions, labelMask } from "./engine/instances";
export type { Learner, LearnerMemory, LearnerState, SavedTensor, StepValues } from "./engine/learner";
export { BAD_STEPS_IN_A_ROW, type GuardState, MAX_ROLLBACKS } from "./engine/nan-guard";
export {
  compilePrediction,
  fromLogits,
  type ModelPrediction,
  type Prediction,
  type PredictOptions,
  predictImage,
  predictLogits,
} from "./engine/predict";
export type { Rgb } from "./engine/rgb-image";
export { lambdaAt, learningRate, type RunLength, runLength } from "./engine/schedule";
export { type OpenedData, type SelectedImages, selectImages } from "./engine/select-images";
export { memoryStorage, type RunStorage } from "./engine/storage";
export { buildModel, Trainer, type TrainerOptions, type TrainingData } from "./engine/trainer";
export type { Progress, SafeState, TrainerState } from "./engine/trainer-state";
export {
  type LoopOptions,
  type LoopPlan,
  type RunOptions,
  TrainingLoop,
  type Validation,
} from "./engine/training-loop";
export { VIEWS, type Views } from "./engine/views";
export { AmaSamError } from "./errors";
export {
  AmaSam,
  type AmaSamOptions,
  type AmaSamOutput,
  type Decoder,
  type DecoderChoice,
  type DecoderParts,
  type ForwardOptions,
  isSamParameter,
} from "./model/ama-sam";
export { type Align, type AmaSamConfig, PRESETS, type PresetName } from "./model/config";
export { freeze, type Trainable } from "./model/freeze";
export { type Losses, type LossOptions, losses } from "./model/losses";
export { mergeCheckpoint, type SaveOptions, saveTrained, trainedPart } from "./save/save";
export {
  type LoadedBase,
  loadBase,
  loadTrained,
  type SavedModelInfo,
  savedModelInfo,
} from "./save/trained";
export { augmentation } from "./schema/augmentation";
export { type Config, type ConfigInput, configSchema, type DatasetConfig } from "./schema/config";
export { applySet, parseConfigYaml } from "./schema/parse";
export { portableConfig, portablePath } from "./schema/portable-config";
export { configReference } from "./schema/reference";
export { resolveConfig } from "./schema/resolve";
export { parseSavedConfig } from "./schema/saved-config";
export { evaluateOptions, modelConfig, tileSide } from "./schema/settings";
export type { ConfigKey } from "./schema/walk";
export { configToYaml } from "./schema/write-config";
