import type { Tensor } from "@ama-sam/tensor";
import { type Build, Module } from "../module";

/** A table of learned vectors (PyTorch's `nn.Embedding`, N(0, 1) at the start). SAM uses whole tables as tokens. */
export class Embedding extends Module {
  /** [count, features] */
  readonly weight: Tensor;

  constructor(build: Build, count: number, features: number) {
    super(build);
    this.weight = this.parameter("weight", [count, features], { kind: "normal", deviation: 1 });
  }
}
