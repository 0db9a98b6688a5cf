/** Sizes of a SAM image encoder. */
export interface ImageEncoderConfig {
  /** Side of the square input, pixels. */
  imageSize: number;
  patchSize: number;
  inChannels: number;
  /** Channels of the tokens. */
  width: number;
  /** Blocks. */
  depth: number;
  heads: number;
  mlpRatio: number;
  /** Side of an attention window, tokens; 0 for global attention everywhere. */
  window: number;
  /** Blocks with global attention. */
  globalBlocks: readonly number[];
  /** Channels of the embedding that the neck gives. */
  outChannels: number;
}

/** Adapters beside every block's MLP (AMA-SAM 3.1; choices A1, A2 of the fidelity notes). */
export interface AdapterConfig {
  /** Bottleneck width / token width. */
  ratio: number;
  scale: number;
}

const base = { imageSize: 1024, patchSize: 16, inChannels: 3, mlpRatio: 4, window: 14, outChannels: 256 } as const;

/** SAM's ViT-B: 90 M parameters. */
export const samVitB: ImageEncoderConfig = { ...base, width: 768, depth: 12, heads: 12, globalBlocks: [2, 5, 8, 11] };
/** SAM's ViT-L: 308 M parameters. */
export const samVitL: ImageEncoderConfig = {
  ...base,
  width: 1024,
  depth: 24,
  heads: 16,
  globalBlocks: [5, 11, 17, 23],
};
/** SAM's ViT-H: 637 M parameters. */
export const samVitH: ImageEncoderConfig = {
  ...base,
  width: 1280,
  depth: 32,
  heads: 16,
  globalBlocks: [7, 15, 23, 31],
};

/** The paper's adapters. */
export const defaultAdapter: AdapterConfig = { ratio: 0.25, scale: 1 };
