import { type SamDecoderConfig, samDecoder } from "@ama-sam/sam-decoder";
import {
  type AdapterConfig,
  defaultAdapter,
  type ImageEncoderConfig,
  samVitB,
  samVitH,
  samVitL,
} from "@ama-sam/sam-encoder";

/** How auxiliary data are aligned with the primary set (Table 2). */
export type Align = "none" | "grl" | "cgrl";

/** Everything that shapes an AMA-SAM model. */
export interface AmaSamConfig {
  encoder: ImageEncoderConfig;
  /** Adapters in the encoder; null for none. */
  adapter: AdapterConfig | null;
  samDecoder: SamDecoderConfig;
  /** Slice tokens of the HR-Decoder, r * r for an output r times finer than SAM's. */
  slices: number;
  sliceMlp: "shared" | "per_token";
  align: Align;
  /** Strength of the reversed gradient (eq. 2). */
  lambda: number;
  /** Hidden width of the domain discriminator. */
  discriminatorHidden: number;
  /** Probability from which on the coarse map becomes the prompt (fidelity A8). */
  promptThreshold: number;
}

const paper = {
  adapter: defaultAdapter,
  samDecoder,
  slices: 16,
  sliceMlp: "shared",
  align: "cgrl",
  lambda: 1,
  discriminatorHidden: 256,
  promptThreshold: 0.95,
} as const;

/** Presets by name. `nano` is small enough to train from scratch on a CPU in minutes. */
export const PRESETS: Readonly<Record<"vit-b" | "vit-l" | "vit-h" | "nano", AmaSamConfig>> = {
  "vit-b": { ...paper, encoder: samVitB },
  "vit-l": { ...paper, encoder: samVitL },
  "vit-h": { ...paper, encoder: samVitH },
  nano: {
    ...paper,
    encoder: {
      imageSize: 128,
      patchSize: 8,
      inChannels: 3,
      width: 96,
      depth: 3,
      heads: 3,
      mlpRatio: 4,
      window: 8,
      globalBlocks: [2],
      outChannels: 64,
    },
    samDecoder: {
      imageSize: 128,
      grid: 16,
      channels: 64,
      maskChannels: 16,
      depth: 2,
      heads: 4,
      mlpHidden: 128,
      iouHidden: 64,
      iouDepth: 3,
      multimask: 3,
    },
    slices: 4, // patches of 8 pixels: twice SAM's quarter resolution is the input's own
    discriminatorHidden: 64,
    promptThreshold: 0.5,
  },
};

export type PresetName = keyof typeof PRESETS;
