export { type SamDecoderConfig, samDecoder } from "./config";
export { DecoderError } from "./errors";
export { fourierEncoding } from "./fourier-encoding/fourier-encoding";
export { type DecoderInput, type DecoderOutput, MaskDecoder, type MaskDecoderOutput } from "./mask-decoder";
export { type EncodedPrompts, PromptEncoder, type Prompts } from "./prompt-encoder";
export { TokenAttention, type TwoWayConfig, TwoWayTransformer } from "./two-way-transformer";
