import { type Bench, benchOf } from "@ama-sam/testing";
import { linear } from "./linear";

/** ViT-B's products: projection, qkv, both layers of the MLP, both of the adapter. */
const SHAPES: [number, number, number, boolean][] = [
  [4096, 768, 768, false],
  [4096, 768, 192, false],
  [1024, 768, 2304, false],
  [4096, 768, 3072, true],
  [4096, 3072, 768, true],
];

export const benches: Bench[] = SHAPES.map(([m, k, n, large]) =>
  benchOf(
    { name: `linear ${m}x${k}x${n}`, inputs: [[m, k], [n, k], [n]], flops: 2 * m * n * k, outputs: m * n, large },
    (x, w, b) => linear(x, w, b),
  ),
);
