export { cpm17, cpm17Repack } from "./datasets/cpm17";
export { cryonuseg, cryonusegOrgans } from "./datasets/cryonuseg";
export type {
  Annotation,
  Dataset,
  DatasetFormat,
  DatasetItem,
  DatasetReader,
  Finding,
  ItemRecord,
  OpenOptions,
  Sample,
} from "./datasets/dataset";
export { dsb2018 } from "./datasets/dsb2018";
export { folder } from "./datasets/folder";
export { connectedComponents8 } from "./datasets/labels";
export { type LoadOptions, loadSample } from "./datasets/load-sample";
export { monuseg } from "./datasets/monuseg";
export { monuseg30, monuseg37, monusegLater7, monusegTest14, monusegTrain30 } from "./datasets/monuseg-splits";
export { datasetReaders, detectFormats, openDataset } from "./datasets/open-dataset";
export {
  type NamedSplit,
  parseSplitFile,
  recordSplit,
  type SplitEntry,
  type SplitFile,
  verifySplit,
} from "./datasets/splits";
export { tnbc, tnbcLeaveOneOut, tnbcPatients } from "./datasets/tnbc";
export { toRgb8 } from "./datasets/to-rgb8";
export { unsam } from "./datasets/unsam";
export * from "./decode";
export { DataError, type DataErrorCode } from "./errors";
export { type PrefetchOptions, prefetch } from "./prefetch";
export {
  formatFindings,
  type Manifest,
  type ManifestItem,
  type OpenManifestOptions,
  openManifest,
  parseManifest,
} from "./prepare/manifest";
export { type PrepareOptions, type PrepareReport, prepare } from "./prepare/prepare";
export { createSampleLoader, type SampleLoader, type SampleLoaderOptions } from "./sample-loader";
export { type SamplePort, serveSamples, type WorkerLoaderOptions, workerSampleLoader } from "./sample-worker";
export {
  createSampler,
  type MixingPolicy,
  type SampleRef,
  type Sampler,
  type SamplerCursor,
  type SamplerOptions,
} from "./sampler";
export { type FileLike, type FileSource, fileListSource, memorySource, subSource } from "./source/file-source";
export { sha256Hex } from "./source/sha256";
export {
  type Augmentation,
  type AugmentationPlan,
  defaultAugmentation,
  noAugmentation,
  planAugmentation,
} from "./transform/augmentation";
export { type ColorChange, changeColor } from "./transform/color";
export { normalizeToPlanar, preprocess, samPixelMean, samPixelStd } from "./transform/normalize";
export { recolorAsStained } from "./transform/recolor";
export { applySymmetry, resizeImage, resizeLabels, type Symmetry, type Window } from "./transform/resample";
export { permutation, philox4x32, type RandomStream, randomStream } from "./transform/rng";
export { changeStain, type StainChange } from "./transform/stain";
export {
  type Batch,
  collate,
  makeTrainingSample,
  type TrainingSample,
  type TrainingSampleOptions,
} from "./transform/training-sample";
