import { type Build, ConvTranspose2d, Embedding, LayerNorm2d, Mlp, Module } from "@ama-sam/nn";
import { add, cat, expand, gelu, matmul, permute, reshape, scope, slice, type Tensor } from "@ama-sam/tensor";
import type { SamDecoderConfig } from "./config";
import { DecoderError } from "./errors";
import { TwoWayTransformer } from "./two-way-transformer";

/** What every decoder of this project takes. */
export interface DecoderInput {
  /** [B, C, G, G], or [1, C, G, G] for many prompts on one image. */
  embedding: Tensor;
  /** [1, C, G, G]: `PromptEncoder.densePe()`. */
  imagePe: Tensor;
  /** [B, P, C], or null for no sparse prompt. */
  sparse: Tensor | null;
  /** [B, C, G, G] or [1, C, 1, 1]. */
  dense: Tensor;
}

/** What every decoder of this project gives. */
export interface DecoderOutput {
  /** [B, 1, H, W]; the mask is where logits are > 0. */
  logits: Tensor;
}

/** Everything that SAM's decoder computes. */
export interface MaskDecoderOutput extends DecoderOutput {
  /** [B, multimask + 1, 4G, 4G] */
  masks: Tensor;
  /** Predicted IoU of each mask: [B, multimask + 1]. */
  iou: Tensor;
  /** The upscaled embedding: [B, C / 8, 4G, 4G]. */
  feature: Tensor;
  /** The extra tokens after the transformer: [B, E, C], or null. */
  extra: Tensor | null;
}

/** `output_upscaling.0`, `.1`, GELU, `.3`, GELU: the embedding at four times the grid. */
class OutputUpscaling extends Module {
  readonly first: ConvTranspose2d;
  readonly norm: LayerNorm2d;
  readonly second: ConvTranspose2d;

  constructor(build: Build, channels: number) {
    super(build);
    this.first = this.child("0", (b) => new ConvTranspose2d(b, channels, channels / 4));
    this.norm = this.child("1", (b) => new LayerNorm2d(b, channels / 4));
    this.second = this.child("3", (b) => new ConvTranspose2d(b, channels / 4, channels / 8));
  }

  forward(x: Tensor): Tensor {
    return scope(this.device, "upscaling", () =>
      gelu(this.second.forward(gelu(this.norm.forward(this.first.forward(x))))),
    );
  }
}

/** SAM's mask decoder with its IoU head. `extra` tokens (AMA-SAM's slice tokens) may join SAM's own. */
export class MaskDecoder extends Module {
  readonly config: SamDecoderConfig;
  readonly transformer: TwoWayTransformer;
  readonly iouToken: Embedding;
  readonly maskTokens: Embedding;
  readonly upscaling: OutputUpscaling;
  readonly hypernetworks: Mlp[];
  readonly iouHead: Mlp;

  constructor(build: Build, config: SamDecoderConfig) {
    super(build);
    const { channels: C, multimask, iouHidden, iouDepth } = config;
    const n = multimask + 1;
    this.config = config;
    this.transformer = this.child("transformer", (b) => new TwoWayTransformer(b, config));
    this.iouToken = this.child("iou_token", (b) => new Embedding(b, 1, C));
    this.maskTokens = this.child("mask_tokens", (b) => new Embedding(b, n, C));
    this.upscaling = this.child("output_upscaling", (b) => new OutputUpscaling(b, C));
    this.hypernetworks = this.list("output_hypernetworks_mlps", n, (b) => new Mlp(b, C, C, C / 8, 3));
    this.iouHead = this.child("iou_prediction_head", (b) => new Mlp(b, C, iouHidden, n, iouDepth));
  }

  /**
   * Masks at four times the grid. `logits` is the first mask, SAM's answer for a clear prompt.
   * @param extra tokens shared by the batch, [E, C], put between the mask tokens and the prompts
   * @throws DecoderError when embedding and prompts do not fit
   */
  forward(input: DecoderInput, extra: Tensor | null = null): MaskDecoderOutput {
    const batch = this.#check(input);
    return scope(this.device, "mask decoder", () => {
      const { embedding, imagePe, sparse, dense } = input;
      const { channels: C } = this.config;
      const own = cat([this.iouToken.weight, this.maskTokens.weight, ...(extra ? [extra] : [])], 0); // [T, C]
      const shared = expand(reshape(own, [1, own.shape[0], C]), [batch, own.shape[0], C]);
      const tokens = sparse ? cat([shared, sparse], 1) : shared; // [B, T + P, C]
      const [, , h, w] = embedding.shape;
      let image = add(embedding, dense);
      if (image.shape[0] !== batch) image = expand(image, [batch, C, h, w]);
      const out = this.transformer.forward(image, imagePe, tokens);
      const map = reshape(permute(out.image, [0, 2, 1]), [batch, C, h, w]);
      const feature = this.upscaling.forward(map); // [B, C/8, 4h, 4w]
      const n = this.config.multimask + 1;
      const masks = this.#masks(out.tokens, feature, batch);
      const iou = this.iouHead.forward(reshape(slice(out.tokens, 1, 0, 1), [batch, C]));
      const after = extra ? slice(out.tokens, 1, 1 + n, 1 + n + extra.shape[0]) : null;
      return { logits: slice(masks, 1, 0, 1), masks, iou, feature, extra: after };
    });
  }

  #masks(tokens: Tensor, feature: Tensor, batch: number): Tensor {
    const { channels: C } = this.config;
    const [, , H, W] = feature.shape;
    const weights = this.hypernetworks.map((mlp, i) => mlp.forward(slice(tokens, 1, 1 + i, 2 + i))); // n x [B, 1, C/8]
    const masks = matmul(cat(weights, 1), reshape(feature, [batch, C / 8, H * W])); // [B, n, 4h*4w]
    return reshape(masks, [batch, weights.length, H, W]);
  }

  #check({ embedding, imagePe, sparse, dense }: DecoderInput): number {
    const { channels: C, grid } = this.config;
    const fail = (message: string): never => {
      throw new DecoderError("MaskDecoder.forward", message);
    };
    const show = (x: Tensor) => `[${x.shape.join(", ")}]`;
    const [B, c, h, w] = embedding.shape;
    if (embedding.shape.length !== 4 || c !== C || embedding.size === 0)
      fail(`the embedding does not fit. Got ${show(embedding)}. Expected [B, ${C}, ${grid}, ${grid}], B at least 1.`);
    const map = (x: Tensor, one: boolean) =>
      x.shape.length === 4 &&
      x.shape[1] === C &&
      ((x.shape[2] === h && x.shape[3] === w) || (one && x.shape[2] === 1 && x.shape[3] === 1));
    if (!map(imagePe, false))
      fail(`imagePe does not fit the embedding. Got ${show(imagePe)}. Expected [1, ${C}, ${h}, ${w}].`);
    if (!map(dense, true))
      fail(`dense does not fit the embedding. Got ${show(dense)}. Expected [B, ${C}, ${h}, ${w}] or [1, ${C}, 1, 1].`);
    if (sparse && (sparse.shape.length !== 3 || sparse.shape[2] !== C || sparse.size === 0))
      fail(`sparse prompts have a wrong shape. Got ${show(sparse)}. Expected [B, P, ${C}], or null for none.`);
    const batch = Math.max(B, sparse?.shape[0] ?? 1, dense.shape[0]);
    for (const [name, n] of [
      ["embedding", B],
      ["imagePe", imagePe.shape[0]],
      ["sparse", sparse?.shape[0] ?? batch],
      ["dense", dense.shape[0]],
    ] as const) {
      const broadcasts = n === 1 && name !== "sparse";
      if (n !== batch && !broadcasts)
        fail(
          `batches differ. Got ${name} of ${n}, others of ${batch}. Expected ${batch}${name === "sparse" ? "" : " or 1"}.`,
        );
    }
    return batch;
  }
}
