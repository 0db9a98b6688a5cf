import { layerNorm, layerNorm2d, type Tensor } from "@ama-sam/tensor";
import { type Build, Module } from "../module";

/** Normalises the last dimension (PyTorch's `nn.LayerNorm`). SAM's encoder uses eps 1e-6, its decoder 1e-5. */
export class LayerNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly eps: number;

  constructor(build: Build, features: number, eps = 1e-5) {
    super(build);
    this.weight = this.parameter("weight", [features], { kind: "ones" });
    this.bias = this.parameter("bias", [features], { kind: "zeros" });
    this.eps = eps;
  }

  /** [..., C] -> [..., C] */
  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, { eps: this.eps });
  }
}

/** Normalises over channels at every pixel of [B, C, H, W] (SAM's `LayerNorm2d`, eps 1e-6). */
export class LayerNorm2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly eps: number;

  constructor(build: Build, channels: number, eps = 1e-6) {
    super(build);
    this.weight = this.parameter("weight", [channels], { kind: "ones" });
    this.bias = this.parameter("bias", [channels], { kind: "zeros" });
    this.eps = eps;
  }

  /** [B, C, H, W] -> [B, C, H, W] */
  forward(x: Tensor): Tensor {
    return layerNorm2d(x, this.weight, this.bias, { eps: this.eps });
  }
}
