import { type Bench, benchOf } from "@ama-sam/testing";
import { layerNorm2d } from "./layer-norm-2d";

export const benches: Bench[] = [
  benchOf(
    { name: "layerNorm2d 1x256x64x64", inputs: [[1, 256, 64, 64], [256], [256]], outputs: 256 * 4096 },
    (x, w, b) => layerNorm2d(x, w, b, { eps: 1e-6 }),
  ),
];
