import { mlp, type Tensor } from "@ama-sam/tensor";
import { type Build, Module } from "../module";
import { Linear } from "./linear";

/** Linear layers with ReLU between them, under `layers.N` (SAM's `MLP`). */
export class Mlp extends Module {
  readonly layers: Linear[];

  constructor(build: Build, inFeatures: number, hidden: number, outFeatures: number, depth: number) {
    super(build);
    const sizes = [inFeatures, ...new Array<number>(depth - 1).fill(hidden), outFeatures];
    this.layers = this.list("layers", depth, (b, i) => new Linear(b, sizes[i], sizes[i + 1]));
  }

  /** [..., in] -> [..., out] */
  forward(x: Tensor): Tensor {
    return this.layers.reduce((h, layer, i) => layer.forward(h, i + 1 < this.layers.length ? "relu" : "none"), x);
  }
}

/** Two linear layers, `lin1` and `lin2`, with one activation between (SAM's `MLPBlock`). */
export class MlpBlock extends Module {
  readonly lin1: Linear;
  readonly lin2: Linear;
  readonly activation: "gelu" | "relu";

  constructor(build: Build, features: number, hidden: number, activation: "gelu" | "relu") {
    super(build);
    this.lin1 = this.child("lin1", (b) => new Linear(b, features, hidden));
    this.lin2 = this.child("lin2", (b) => new Linear(b, hidden, features));
    this.activation = activation;
  }

  /**
   * [..., C] -> [..., C]
   * @param options.recompute backward makes the hidden values again instead of keeping them (`mlp` of the tensor package)
   */
  forward(x: Tensor, { recompute = false }: { recompute?: boolean } = {}): Tensor {
    const { lin1, lin2, activation } = this;
    if (recompute) return mlp(x, lin1.weight, lin1.bias, lin2.weight, lin2.bias, { activation });
    return lin2.forward(lin1.forward(x, activation));
  }
}
