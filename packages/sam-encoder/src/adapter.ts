import { type Build, Linear, Module } from "@ama-sam/nn";
import { mul, type Tensor } from "@ama-sam/tensor";
import type { AdapterConfig } from "./config";
import { EncoderError } from "./errors";

/**
 * Linear, ReLU, Linear beside a block's MLP (AMA-SAM 3.1). Its second layer starts at zero, so that a fresh model is SAM;
 * the first layer's gradient is then exactly 0 in the first step.
 */
export class Adapter extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly scale: number;

  constructor(build: Build, width: number, config: AdapterConfig) {
    super(build);
    const hidden = Math.floor(width * config.ratio);
    if (!(hidden >= 1))
      throw new EncoderError(
        "Adapter",
        `the adapter has no width. Got ratio ${config.ratio} of ${width} channels. Expected at least one channel.`,
      );
    this.fc1 = this.child("fc1", (b) => new Linear(b, width, hidden));
    this.fc2 = this.child("fc2", (b) => new Linear(b, hidden, width, { zero: true }));
    this.scale = config.scale;
  }

  /** [..., C] -> [..., C] */
  forward(n: Tensor): Tensor {
    const y = this.fc2.forward(this.fc1.forward(n, "relu"));
    return this.scale === 1 ? y : mul(y, this.scale);
  }
}
