import { type Build, ConvTranspose2d, Embedding, LayerNorm2d, Mlp, Module } from "@ama-sam/nn";
import type { DecoderInput, DecoderOutput, MaskDecoder } from "@ama-sam/sam-decoder";
import { add, cat, gelu, scope, slice, type Tensor } from "@ama-sam/tensor";
import { HrDecoderError } from "./errors";
import { factorOf } from "./phase-blend/phase-blend";
import { hrMap, hrSlices } from "./slices";

/** Sizes of {@link HrDecoder}. */
export interface HrDecoderConfig {
  /** Channels of the embedding. */
  channels: number;
  /** Slice tokens: r * r for an output r times finer than the mask decoder's. Default 16. */
  slices?: number;
  /** One MLP for all slice tokens (`shared`, fidelity A12) or one each (`per_token`). */
  sliceMlp?: "shared" | "per_token";
}

/** What the HR-Decoder computes. */
export interface HrDecoderOutput extends DecoderOutput {
  /** SAM's own masks from the same pass, which the slice tokens change: [B, n, 4G, 4G]. */
  masks: Tensor;
  iou: Tensor;
  /** F_mask of eq. 4: [B, C / 8, 4G, 4G]. */
  feature: Tensor;
  /** Slice tokens after the transformer: [B, r*r, C]. */
  tokens: Tensor;
}

/** `embed.0`, `.1`, GELU, `.3`: the embedding branch Conv(F_encoder) of eq. 4 (fidelity A11). */
class EmbeddingBranch extends Module {
  readonly first: ConvTranspose2d;
  readonly norm: LayerNorm2d;
  readonly second: ConvTranspose2d;

  constructor(build: Build, channels: number) {
    super(build);
    this.first = this.child("0", (b) => new ConvTranspose2d(b, channels, channels / 4));
    this.norm = this.child("1", (b) => new LayerNorm2d(b, channels / 4));
    this.second = this.child("3", (b) => new ConvTranspose2d(b, channels / 4, channels / 8));
  }

  /** [B, C, G, G] -> [B, C / 8, 4G, 4G] */
  forward(x: Tensor): Tensor {
    return scope(this.device, "embedding branch", () =>
      this.second.forward(gelu(this.norm.forward(this.first.forward(x)))),
    );
  }
}

/**
 * AMA-SAM's HR-Decoder (3.3): slice tokens travel through SAM's frozen two-way transformer; each draws one slice of the mask,
 * and the Pixel Ensemble puts the slices together at full resolution.
 *
 * The mask decoder is used, not owned: its parameters are not part of this module's state dict.
 */
export class HrDecoder extends Module {
  readonly maskDecoder: MaskDecoder;
  readonly sliceTokens: Embedding;
  readonly embed: EmbeddingBranch;
  readonly sliceMlps: Mlp[];

  constructor(build: Build, config: HrDecoderConfig, maskDecoder: MaskDecoder) {
    super(build);
    const { channels: C, slices = 16, sliceMlp = "shared" } = config;
    if (sliceMlp !== "shared" && sliceMlp !== "per_token")
      throw new HrDecoderError("HrDecoder", `unknown sliceMlp. Got ${sliceMlp}. Expected shared or per_token.`);
    factorOf(slices);
    this.maskDecoder = maskDecoder;
    this.sliceTokens = this.child("slice_tokens", (b) => new Embedding(b, slices, C));
    this.embed = this.child("embed", (b) => new EmbeddingBranch(b, C));
    const mlp = (b: Build) => new Mlp(b, C, C, C / 8, 3);
    this.sliceMlps = sliceMlp === "shared" ? [this.child("slice_mlp", mlp)] : this.list("slice_mlp", slices, mlp);
  }

  /** Slice vectors MLP(T') of eq. 5: [B, r*r, C] -> [B, r*r, C / 8] */
  sliceVectors(tokens: Tensor): Tensor {
    if (this.sliceMlps.length === 1) return this.sliceMlps[0].forward(tokens);
    return scope(this.device, "slice vectors", () =>
      cat(
        this.sliceMlps.map((mlp, i) => mlp.forward(slice(tokens, 1, i, i + 1))),
        1,
      ),
    );
  }

  /** F of eq. 4 before upsampling: Conv(F_encoder) + F_mask. */
  #feature(embedding: Tensor, fMask: Tensor): Tensor {
    return add(this.embed.forward(embedding), fMask);
  }

  /** Slices of eq. 5 from given parts: embedding [B, C, G, G], fMask [B, C/8, 4G, 4G], tokens [B, r*r, C] -> [B, r*r, 4G, 4G]. */
  slices(embedding: Tensor, fMask: Tensor, tokens: Tensor): Tensor {
    return scope(this.device, "slices", () => hrSlices(this.#feature(embedding, fMask), this.sliceVectors(tokens)));
  }

  /** Full-resolution logits: [B, 1, 4rG, 4rG]; 1024 x 1024 for SAM's sizes. */
  forward(input: DecoderInput): HrDecoderOutput {
    return scope(this.device, "hr decoder", () => {
      const { masks, iou, feature, extra } = this.maskDecoder.forward(input, this.sliceTokens.weight);
      if (!extra)
        throw new HrDecoderError(
          "HrDecoder.forward",
          "the mask decoder gave no slice tokens back. Expected [B, r*r, C].",
        );
      const logits = hrMap(this.#feature(input.embedding, feature), this.sliceVectors(extra));
      return { logits, masks, iou, feature, tokens: extra };
    });
  }
}
