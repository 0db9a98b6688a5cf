export { Adapter } from "./adapter";
export { Block } from "./block";
export { type AdapterConfig, defaultAdapter, type ImageEncoderConfig, samVitB, samVitH, samVitL } from "./config";
export { EncoderError } from "./errors";
export { type EncodeOptions, ImageEncoder, type ImageEncoderOptions, type Recompute } from "./image-encoder";
export {
  fittedSize,
  PIXEL_MEAN,
  PIXEL_STD,
  type PreprocessOptions,
  postprocess,
  preprocess,
  type RgbImage,
} from "./preprocess";
export { RelPosAttention, relPosTable } from "./rel-pos-attention";
