import { cgrl, Discriminator, grl } from "@ama-sam/cgrl";
import { HrDecoder } from "@ama-sam/hr-decoder";
import { type Build, Module } from "@ama-sam/nn";
import { type DecoderInput, type DecoderOutput, MaskDecoder, PromptEncoder } from "@ama-sam/sam-decoder";
import { ImageEncoder, type Recompute } from "@ama-sam/sam-encoder";
import { maskPrompt, SPGen } from "@ama-sam/spgen";
import { noGrad, scope, type Tensor } from "@ama-sam/tensor";
import { AmaSamError } from "../errors";
import type { AmaSamConfig } from "./config";

/** Anything that draws a mask from an embedding and prompts: SAM's decoder, the HR-Decoder, or your own module. */
export interface Decoder {
  forward(input: DecoderInput): DecoderOutput;
}

/** What a decoder of your own may build on. */
export interface DecoderParts {
  config: AmaSamConfig;
  maskDecoder: MaskDecoder;
}

/** `hr` (the paper), `sam`, or a factory; a factory's parameters are saved under `decoder.`. */
export type DecoderChoice = "hr" | "sam" | ((build: Build, parts: DecoderParts) => Decoder & Module);

/** Options of {@link AmaSam}. */
export interface AmaSamOptions {
  decoder?: DecoderChoice;
}

/** Options of {@link AmaSam.forward}. */
export interface ForwardOptions {
  /** i32 [B]: 1 primary, 0 auxiliary. Without it the domain branch does not run. */
  isPrimary?: Tensor;
  /** Overrides the configured lambda, for ramps. */
  lambda?: number;
  /** What of the encoder backward makes again instead of keeping it. */
  recompute?: Recompute;
  /** Sees `embed`, `block0`, ... of the encoder. */
  tap?: (name: string, value: Tensor) => void;
}

/** What the model computes. */
export interface AmaSamOutput {
  /** F_encoder: [B, C, G, G]. */
  embedding: Tensor;
  /** SPGen's logits: [B, 1, 4G, 4G]. */
  coarse: Tensor;
  /** The mask prompt made of them, 0 or 1. */
  prompt: Tensor;
  /** [B, 1, S, S] with the HR-Decoder, [B, 1, 4G, 4G] with SAM's. */
  logits: Tensor;
  /** Logit of P(primary) per sample: [B], or null. */
  domain: Tensor | null;
}

/** Parts that come from SAM's checkpoint. */
const SAM_PARTS = ["image_encoder.", "prompt_encoder.", "mask_decoder."];

/** Whether a parameter is SAM's own, frozen in the paper, rather than added by AMA-SAM. */
export function isSamParameter(name: string): boolean {
  return SAM_PARTS.some((part) => name.startsWith(part)) && !name.includes(".adapter.");
}

/**
 * AMA-SAM: SAM's encoder with adapters, SPGen's automatic prompt, a decoder, and a domain discriminator behind CGRL.
 * Parameter names extend those of SAM's checkpoints.
 */
export class AmaSam extends Module {
  readonly config: AmaSamConfig;
  readonly imageEncoder: ImageEncoder;
  readonly promptEncoder: PromptEncoder;
  readonly maskDecoder: MaskDecoder;
  readonly discriminator: Discriminator;
  readonly spgen: SPGen;
  readonly decoder: Decoder;

  constructor(build: Build, config: AmaSamConfig, options: AmaSamOptions = {}) {
    super(build);
    const { encoder, samDecoder } = config;
    if (
      encoder.outChannels !== samDecoder.channels ||
      encoder.imageSize / encoder.patchSize !== samDecoder.grid ||
      encoder.imageSize !== samDecoder.imageSize
    ) {
      throw new AmaSamError(
        "AmaSam",
        `encoder and decoder differ. Got an embedding of ${encoder.outChannels} x ${encoder.imageSize / encoder.patchSize}, a decoder for ${samDecoder.channels} x ${samDecoder.grid}.`,
      );
    }
    if (!["none", "grl", "cgrl"].includes(config.align))
      throw new AmaSamError("AmaSam", `unknown alignment. Got ${config.align}. Expected none, grl or cgrl.`);
    const { decoder = "hr" } = options;
    if (decoder !== "hr" && decoder !== "sam" && typeof decoder !== "function")
      throw new AmaSamError(
        "AmaSam",
        `unknown decoder. Got ${decoder}. Expected hr, sam or a function that builds one.`,
      );
    this.config = config;
    this.imageEncoder = this.child("image_encoder", (b) => new ImageEncoder(b, encoder, { adapter: config.adapter }));
    this.promptEncoder = this.child("prompt_encoder", (b) => new PromptEncoder(b, samDecoder));
    const maskDecoder = this.child("mask_decoder", (b) => new MaskDecoder(b, samDecoder));
    this.maskDecoder = maskDecoder;
    this.discriminator = this.child(
      "discriminator",
      (b) => new Discriminator(b, encoder.outChannels, config.discriminatorHidden),
    );
    this.spgen = this.child("spgen", (b) => new SPGen(b, encoder.outChannels));
    const hr = { channels: encoder.outChannels, slices: config.slices, sliceMlp: config.sliceMlp };
    if (decoder === "hr") this.decoder = this.child("hr_decoder", (b) => new HrDecoder(b, hr, maskDecoder));
    else if (decoder === "sam") this.decoder = maskDecoder;
    else this.decoder = this.child("decoder", (b) => decoder(b, { config, maskDecoder }));
  }

  /** The whole model on normalised images: [B, 3, S, S]. */
  forward(x: Tensor, options: ForwardOptions = {}): AmaSamOutput {
    return scope(this.device, "ama-sam", () => {
      const embedding = this.imageEncoder.forward(x, { recompute: options.recompute, tap: options.tap });
      const coarse = this.spgen.forward(embedding);
      const prompt = noGrad(this.device, () => maskPrompt(coarse, this.config.promptThreshold));
      const { logits } = this.decode(embedding, prompt);
      return { embedding, coarse, prompt, logits, domain: this.#domain(embedding, options) };
    });
  }

  /** The decoder on an embedding and a mask prompt [B, 1, 4G, 4G]. */
  decode(embedding: Tensor, prompt: Tensor): DecoderOutput {
    return scope(this.device, "decode", () => {
      const { sparse, dense } = this.promptEncoder.forward({ masks: prompt });
      return this.decoder.forward({ embedding, imagePe: this.promptEncoder.densePe(), sparse, dense });
    });
  }

  /** Inference: nothing saved for backward, no CGRL and no discriminator (3.4). */
  predict(x: Tensor): AmaSamOutput {
    return noGrad(this.device, () => this.forward(x));
  }

  #domain(embedding: Tensor, { isPrimary, lambda = this.config.lambda }: ForwardOptions): Tensor | null {
    const { align } = this.config;
    if (!isPrimary || align === "none") return null;
    return scope(this.device, "domain", () =>
      this.discriminator.forward(align === "cgrl" ? cgrl(embedding, isPrimary, lambda) : grl(embedding, lambda)),
    );
  }
}
