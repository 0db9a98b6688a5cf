import { type Build, Linear, Module } from "@ama-sam/nn";
import { interpolateBilinear, permute, qkvAttention, reshape, type Tensor } from "@ama-sam/tensor";

/**
 * Rows of a relative position table for another size: linear interpolation along the table, as SAM does.
 * [L, D] -> [2 * size - 1, D]
 */
export function relPosTable(table: Tensor, size: number): Tensor {
  const [length, D] = table.shape;
  if (length === 2 * size - 1) return table;
  const row = reshape(permute(table, [1, 0]), [1, D, 1, length]); // [1, D, 1, L]
  return permute(reshape(interpolateBilinear(row, [1, 2 * size - 1]), [D, 2 * size - 1]), [1, 0]);
}

/** Self-attention with decomposed relative positions (SAM's `Attention`); the bias uses the unscaled query. */
export class RelPosAttention extends Module {
  readonly heads: number;
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly relPosH: Tensor;
  readonly relPosW: Tensor;

  /** @param size side of the token grid that the tables are made for */
  constructor(build: Build, width: number, heads: number, size: number) {
    super(build);
    this.heads = heads;
    this.relPosH = this.parameter("rel_pos_h", [2 * size - 1, width / heads], { kind: "zeros" });
    this.relPosW = this.parameter("rel_pos_w", [2 * size - 1, width / heads], { kind: "zeros" });
    this.qkv = this.child("qkv", (b) => new Linear(b, width, 3 * width));
    this.proj = this.child("proj", (b) => new Linear(b, width, width));
  }

  /** [B, H, W, C] -> [B, H, W, C] */
  forward(x: Tensor): Tensor {
    const [B, H, W, C] = x.shape;
    const qkv = this.qkv.forward(reshape(x, [B, H * W, C])); // [B, H*W, 3*C]
    const relPos = { h: relPosTable(this.relPosH, H), w: relPosTable(this.relPosW, W), H, W };
    return reshape(this.proj.forward(qkvAttention(qkv, { heads: this.heads, relPos })), [B, H, W, C]);
  }
}
