import { type Build, LayerNorm, Linear, MlpBlock, Module } from "@ama-sam/nn";
import { add, attention, permute, reshape, scope, type Tensor } from "@ama-sam/tensor";
import { DecoderError } from "./errors";

/** Sizes of {@link TwoWayTransformer}. */
export interface TwoWayConfig {
  channels: number;
  depth: number;
  heads: number;
  mlpHidden: number;
}

/** Multi-head attention with an inner width of channels / `downsample` (SAM's decoder `Attention`). */
export class TokenAttention extends Module {
  readonly heads: number;
  readonly q: Linear;
  readonly k: Linear;
  readonly v: Linear;
  readonly out: Linear;

  constructor(build: Build, channels: number, heads: number, downsample = 1) {
    super(build);
    const inner = Math.floor(channels / downsample);
    this.heads = heads;
    this.q = this.child("q_proj", (b) => new Linear(b, channels, inner));
    this.k = this.child("k_proj", (b) => new Linear(b, channels, inner));
    this.v = this.child("v_proj", (b) => new Linear(b, channels, inner));
    this.out = this.child("out_proj", (b) => new Linear(b, inner, channels));
  }

  /** q [B, Nq, C], k and v [B, Nk, C] -> [B, Nq, C] */
  forward(q: Tensor, k: Tensor, v: Tensor): Tensor {
    return scope(this.device, "token attention", () => {
      const y = attention(
        this.#split(this.q.forward(q)),
        this.#split(this.k.forward(k)),
        this.#split(this.v.forward(v)),
      );
      const [B, A, N, D] = y.shape;
      return this.out.forward(reshape(permute(y, [0, 2, 1, 3]), [B, N, A * D]));
    });
  }

  /** [B, N, A*D] -> [B, A, N, D] */
  #split(x: Tensor): Tensor {
    const [B, N, inner] = x.shape;
    return permute(reshape(x, [B, N, this.heads, inner / this.heads]), [0, 2, 1, 3]);
  }
}

/** One layer: tokens among themselves, tokens to image, MLP, image to tokens. Norms keep eps 1e-5, unlike the rest of SAM. */
class TwoWayBlock extends Module {
  readonly first: boolean;
  readonly selfAttn: TokenAttention;
  readonly norm1: LayerNorm;
  readonly tokenToImage: TokenAttention;
  readonly norm2: LayerNorm;
  readonly mlp: MlpBlock;
  readonly norm3: LayerNorm;
  readonly norm4: LayerNorm;
  readonly imageToToken: TokenAttention;

  constructor(build: Build, { channels, heads, mlpHidden }: TwoWayConfig, first: boolean) {
    super(build);
    this.first = first;
    const norm = (b: Build) => new LayerNorm(b, channels, 1e-5);
    this.selfAttn = this.child("self_attn", (b) => new TokenAttention(b, channels, heads));
    this.norm1 = this.child("norm1", norm);
    this.tokenToImage = this.child("cross_attn_token_to_image", (b) => new TokenAttention(b, channels, heads, 2));
    this.norm2 = this.child("norm2", norm);
    this.mlp = this.child("mlp", (b) => new MlpBlock(b, channels, mlpHidden, "relu"));
    this.norm3 = this.child("norm3", norm);
    this.norm4 = this.child("norm4", norm);
    this.imageToToken = this.child("cross_attn_image_to_token", (b) => new TokenAttention(b, channels, heads, 2));
  }

  /** tokens [B, P, C], image [B, N, C] with their positional terms -> the same two */
  forward(tokens: Tensor, image: Tensor, tokenPe: Tensor, imagePe: Tensor): [Tensor, Tensor] {
    return scope(this.device, "two-way block", () => {
      let t: Tensor;
      if (this.first) {
        t = this.norm1.forward(this.selfAttn.forward(tokens, tokens, tokens)); // no positional term, no residual
      } else {
        const q = add(tokens, tokenPe);
        t = this.norm1.forward(add(tokens, this.selfAttn.forward(q, q, tokens)));
      }
      const imageKey = add(image, imagePe);
      t = this.norm2.forward(add(t, this.tokenToImage.forward(add(t, tokenPe), imageKey, image)));
      t = this.norm3.forward(add(t, this.mlp.forward(t)));
      const x = this.norm4.forward(add(image, this.imageToToken.forward(imageKey, add(t, tokenPe), t)));
      return [t, x];
    });
  }
}

/** SAM's two-way transformer between prompt tokens and the image. */
export class TwoWayTransformer extends Module {
  readonly layers: TwoWayBlock[];
  readonly finalAttn: TokenAttention;
  readonly normFinal: LayerNorm;

  constructor(build: Build, config: TwoWayConfig) {
    super(build);
    const { channels, heads } = config;
    if (channels % (2 * heads) !== 0) {
      throw new DecoderError(
        "TwoWayTransformer",
        `heads do not divide the channels. Got ${channels} channels, ${heads} heads. Expected a multiple of ${2 * heads}: the cross-attentions work on half of the channels.`,
      );
    }
    this.layers = this.list("layers", config.depth, (b, i) => new TwoWayBlock(b, config, i === 0));
    this.finalAttn = this.child(
      "final_attn_token_to_image",
      (b) => new TokenAttention(b, config.channels, config.heads, 2),
    );
    this.normFinal = this.child("norm_final_attn", (b) => new LayerNorm(b, config.channels, 1e-5));
  }

  /** image [B, C, h, w], imagePe [1 or B, C, h, w], tokens [B, P, C] -> tokens [B, P, C], image [B, h*w, C] */
  forward(image: Tensor, imagePe: Tensor, tokens: Tensor): { tokens: Tensor; image: Tensor } {
    return scope(this.device, "two-way transformer", () => {
      const rows = (m: Tensor) => permute(reshape(m, [m.shape[0], m.shape[1], m.shape[2] * m.shape[3]]), [0, 2, 1]); // [B, N, C]
      const pe = rows(imagePe);
      let [t, x] = [tokens, rows(image)];
      for (const layer of this.layers) [t, x] = layer.forward(t, x, tokens, pe);
      t = this.normFinal.forward(add(t, this.finalAttn.forward(add(t, tokens), add(x, pe), x)));
      return { tokens: t, image: x };
    });
  }
}
