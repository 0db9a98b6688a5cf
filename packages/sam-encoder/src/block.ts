import { type Build, LayerNorm, MlpBlock, Module } from "@ama-sam/nn";
import { add, scope, type Tensor, windowPartition, windowUnpartition } from "@ama-sam/tensor";
import { Adapter } from "./adapter";
import type { AdapterConfig, ImageEncoderConfig } from "./config";
import { RelPosAttention } from "./rel-pos-attention";

/** One transformer block: attention in windows or over the whole grid, an MLP, and an adapter beside the MLP. */
export class Block extends Module {
  /** Side of the windows, 0 for global attention. */
  readonly window: number;
  readonly norm1: LayerNorm;
  readonly attn: RelPosAttention;
  readonly norm2: LayerNorm;
  readonly mlp: MlpBlock;
  readonly adapter: Adapter | null;

  constructor(build: Build, config: ImageEncoderConfig, window: number, adapter: AdapterConfig | null) {
    super(build);
    const { width, heads } = config;
    this.window = window;
    this.norm1 = this.child("norm1", (b) => new LayerNorm(b, width, 1e-6));
    this.attn = this.child(
      "attn",
      (b) => new RelPosAttention(b, width, heads, window || config.imageSize / config.patchSize),
    );
    this.norm2 = this.child("norm2", (b) => new LayerNorm(b, width, 1e-6));
    this.mlp = this.child("mlp", (b) => new MlpBlock(b, width, Math.floor(width * config.mlpRatio), "gelu"));
    this.adapter = adapter ? this.child("adapter", (b) => new Adapter(b, width, adapter)) : null;
  }

  /**
   * [B, h, w, C] -> [B, h, w, C]. Frees what backward does not need.
   * @param options.recomputeMlp backward makes the MLP's hidden values again instead of keeping them
   */
  forward(x: Tensor, { recomputeMlp = false }: { recomputeMlp?: boolean } = {}): Tensor {
    return scope(this.device, "block", () => {
      const mid = scope(this.device, "attention", () => add(x, this.#attend(this.norm1.forward(x))));
      const n = this.norm2.forward(mid);
      const y = scope(this.device, "mlp", () => add(mid, this.mlp.forward(n, { recompute: recomputeMlp })));
      return this.adapter ? add(y, this.adapter.forward(n)) : y;
    });
  }

  /** Windows are padded with zeros after norm1, so that padded keys are the qkv bias, as in SAM. */
  #attend(n: Tensor): Tensor {
    if (this.window === 0) return this.attn.forward(n);
    const [, h, w] = n.shape;
    return windowUnpartition(this.attn.forward(windowPartition(n, this.window)), this.window, [h, w]);
  }
}
