import { type Build, Linear, Module } from "@ama-sam/nn";
import { mean, reshape, scope, type Tensor } from "@ama-sam/tensor";
import { CgrlError } from "./errors";

/** Tells primary from auxiliary embeddings: global average pool, Linear, ReLU, Linear (fidelity A4). */
export class Discriminator extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(build: Build, channels: number, hidden = 256) {
    super(build);
    this.fc1 = this.child("fc1", (b) => new Linear(b, channels, hidden));
    this.fc2 = this.child("fc2", (b) => new Linear(b, hidden, 1));
  }

  /** Logit of P(primary) per sample: [B, C, h, w] -> [B]. */
  forward(features: Tensor): Tensor {
    if (features.shape.length !== 4)
      throw new CgrlError(
        "Discriminator.forward",
        `features have a wrong rank. Got [${features.shape.join(", ")}]. Expected [B, C, h, w].`,
      );
    return scope(this.device, "discriminator", () => {
      const pooled = mean(features, { dims: [2, 3] }); // [B, C]
      return reshape(this.fc2.forward(this.fc1.forward(pooled, "relu")), [features.shape[0]]);
    });
  }
}
