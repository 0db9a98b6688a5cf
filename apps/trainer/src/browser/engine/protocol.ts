import type { Box, LabelMap } from "@ama-sam/instances";
import type { ConfigInput, InstanceOptions, TrainEvent } from "ama-sam";

/** Why the page cannot go on as it is; each has a notice with one next step. */
export type Trouble =
  | "no-webgpu"
  | "insecure"
  | "no-adapter"
  | "gpu-blocked"
  | "device-lost"
  | "too-little-memory"
  | "storage-refused"
  | "download"
  | "part-missing"
  | "input"
  | "stopped"
  | "other";

/** An error as it crosses between threads. */
export interface EngineFailure {
  trouble: Trouble;
  message: string;
}

/** What the engine runs on. */
export interface DeviceFacts {
  kind: "hardware" | "software" | "unknown";
  name: string;
  vendor: string;
  f16: boolean;
  /** Bytes that one storage buffer may have. */
  maxBindingBytes: number;
}

/** Where weights come from. */
export type ModelRequest =
  | { from: "builtin" }
  | { from: "random" }
  /** A file in the weights store, by SHA-256. */
  | { from: "store"; sha256: string }
  | { from: "file"; file: Blob; name: string };

/** The model in use. */
export interface ModelFacts {
  name: string;
  /** The small one that comes with the page. */
  builtin: boolean;
  preset: string;
  sha256: string | null;
  parameters: number;
  /** `ama-sam`: all of it learned; `sam`: SAM alone, clicks work but nothing finds nuclei by itself; `untrained`. */
  state: "ama-sam" | "sam" | "untrained";
  /** Whether SAM's own prompt path was ever trained: with weights of SAM. */
  prompts: boolean;
  /** Side of the model's input, and of the tiles in which larger images are predicted (0: never tiled). */
  imageSize: number;
  tile: number;
  instances: Required<InstanceOptions>;
  threshold: number;
  /** Texts of the file's header. */
  metadata: Record<string, string>;
}

/** A decoded image; 8-bit RGB. */
export interface OpenedImage {
  name: string;
  width: number;
  height: number;
  rgb: Uint8Array;
  micronsPerPixel: number | null;
  warnings: string[];
}

/** How probabilities become nuclei. */
export interface LabelSettings {
  threshold: number;
  method: "components" | "watershed";
  minArea: number;
  h: number;
}

/** What the model is asked. */
export interface SegmentRequest extends LabelSettings {
  /** The model sees the image recoloured: for bright nuclei on a dark ground. */
  recolored: boolean;
}

/** Nuclei of the open image. */
export interface Segmentation {
  labels: LabelMap;
  seconds: number;
}

/** A prompt in image pixels. */
export interface PromptRequest {
  points: { x: number; y: number; positive: boolean }[];
  box: { x0: number; y0: number; x1: number; y1: number } | null;
}

/** The answer to a prompt: a mask over a part of the image. */
export interface PromptAnswer {
  box: Box;
  mask: Uint8Array;
  /** IoU that the model expects of its mask. */
  quality: number;
  /** False when the embedding of this part was computed just now. */
  cached: boolean;
  seconds: number;
}

/** Everything that a file of results may say of its making. */
export interface ExportRequest {
  format: "geojson" | "geojson.gz" | "png" | "tiff" | "csv" | "overlay";
  labels: LabelMap;
  micronsPerPixel: number | null;
}

/** Scores against an imported truth. */
export interface TruthScores {
  truth: LabelMap;
  /** What is odd about the annotation. */
  warnings: string[];
  scores: { dsc: number; aji: number; pq: number; dq: number; sq: number };
  predicted: number;
  annotated: number;
}

/** One weights file in this browser. */
export interface StoredWeights {
  sha256: string;
  name: string;
  bytes: number;
  kind: string;
  origin: string;
  added: string;
}

/** The data of a training run. */
export interface TrainingSet {
  name: string;
  /** Files of a picked folder by relative path, or a carried sample's name. */
  files: { path: string; file: File }[] | null;
}

export interface TrainRequest {
  run: string;
  config: ConfigInput;
  sets: TrainingSet[];
  /** SHA-256 of stored weights to start from. */
  base: string | null;
}

/** A run in this browser's storage. */
export interface RunFacts {
  run: string;
  step: number;
  totalSteps: number;
  primary: string;
  preset: string;
  events: TrainEvent[];
}

export interface TrainPreview {
  id: string;
  epoch: number;
  width: number;
  height: number;
  rgba: Uint8ClampedArray<ArrayBuffer>;
  dsc: number;
}

/** What the engine can be asked; one entry per call. */
export interface EngineCalls {
  start: { args: Record<string, never>; result: DeviceFacts };
  model: { args: ModelRequest; result: ModelFacts };
  image: { args: { file: Blob; name: string }; result: OpenedImage };
  segment: { args: SegmentRequest; result: Segmentation };
  relabel: { args: LabelSettings; result: Segmentation };
  prompt: { args: PromptRequest; result: PromptAnswer };
  truth: { args: { file: Blob; name: string; labels: LabelMap }; result: TruthScores };
  score: { args: { labels: LabelMap }; result: TruthScores | null };
  export: { args: ExportRequest; result: Blob };
  weights: { args: Record<string, never>; result: { list: StoredWeights[]; persistent: boolean } };
  addWeights: { args: { file: Blob; name: string } | { url: string }; result: StoredWeights };
  removeWeights: { args: { sha256: string }; result: null };
  /** What each key of the configuration means, in the words of the command. */
  reference: { args: Record<string, never>; result: Record<string, string> };
  runs: { args: Record<string, never>; result: RunFacts[] };
  train: { args: TrainRequest; result: RunFacts };
  resumeRun: { args: { run: string }; result: RunFacts };
  removeRun: { args: { run: string }; result: null };
  runWeights: { args: { run: string }; result: Blob };
}

export type CallName = keyof EngineCalls;

/** How far a call is. */
export interface Progress {
  what: string;
  done: number;
  total: number;
}

/** Page to engine. */
export type ToEngine = { type: "call"; id: number; name: CallName; args: unknown } | { type: "cancel"; id: number };

/** Engine to page. */
export type FromEngine =
  | { type: "result"; id: number; value: unknown }
  | { type: "failure"; id: number; failure: EngineFailure }
  | { type: "progress"; id: number; progress: Progress }
  | { type: "train"; event: TrainEvent }
  | { type: "preview"; preview: TrainPreview }
  | { type: "lost"; message: string };
