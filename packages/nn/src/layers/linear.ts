import { linear, type Tensor } from "@ama-sam/tensor";
import { type Build, Module } from "../module";

/** `y = x W^T + b` over the last dimension (PyTorch's `nn.Linear`, its names and initial values). */
export class Linear extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  constructor(build: Build, inFeatures: number, outFeatures: number, options: { bias?: boolean; zero?: boolean } = {}) {
    super(build);
    const init = options.zero
      ? ({ kind: "zeros" } as const)
      : ({ kind: "uniform", bound: inFeatures ** -0.5 } as const);
    this.weight = this.parameter("weight", [outFeatures, inFeatures], init, true);
    this.bias = (options.bias ?? true) ? this.parameter("bias", [outFeatures], init) : null;
  }

  /** [..., in] -> [..., out]; `activation` runs in the product's last step. */
  forward(x: Tensor, activation: "none" | "relu" | "gelu" = "none"): Tensor {
    return linear(x, this.weight, this.bias, { activation });
  }
}
