export { type ByteInput, type ByteSource, blobSource, bytesSource } from "./byte-source";
export {
  type Checkpoint,
  type CheckpointEntry,
  type CheckpointTensor,
  type ReadOptions,
  renameCheckpoint,
} from "./checkpoint";
export type { Dtype, TensorData } from "./dtype";
export { CheckpointError, type CheckpointErrorCode } from "./errors";
export {
  assertManifest,
  type CompareOptions,
  compareManifest,
  formatReport,
  type Manifest,
  type ManifestReport,
} from "./manifest";
export { readNpy, writeNpy } from "./npy";
export { type OpenOptions, openCheckpoint } from "./open";
export {
  checkpointChunks,
  type LazyTensorInput,
  type MetadataInput,
  type Named,
  safetensorsChunks,
  type TensorInput,
  writeSafetensors,
} from "./safetensors/write-safetensors";
export { type DetectedSam, detectSam, KNOWN, type KnownSam, type SamVariant } from "./sam/detect-sam";
export { detectNaming, mapKeys, type SamNaming } from "./sam/map-keys";
export { Sha256, sha256 } from "./sha256";
