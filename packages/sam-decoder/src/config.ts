/** Sizes of SAM's prompt encoder and mask decoder. */
export interface SamDecoderConfig {
  /** Side of the model's input, pixels: prompts are given in it. */
  imageSize: number;
  /** Side of the embedding, tokens. */
  grid: number;
  /** Channels of the embedding. */
  channels: number;
  /** Channels inside the mask prompt's convolutions. */
  maskChannels: number;
  depth: number;
  heads: number;
  mlpHidden: number;
  iouHidden: number;
  iouDepth: number;
  /** Masks beyond the first: 3 in SAM. */
  multimask: number;
}

/** SAM's decoder, the same for ViT-B, L and H. */
export const samDecoder: SamDecoderConfig = {
  imageSize: 1024,
  grid: 64,
  channels: 256,
  maskChannels: 16,
  depth: 2,
  heads: 8,
  mlpHidden: 2048,
  iouHidden: 256,
  iouDepth: 3,
  multimask: 3,
};
