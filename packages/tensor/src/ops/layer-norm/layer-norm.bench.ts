import { type Bench, benchOf } from "@ama-sam/testing";
import { layerNorm } from "./layer-norm";

export const benches: Bench[] = [
  benchOf({ name: "layerNorm 4096x768", inputs: [[4096, 768], [768], [768]], outputs: 4096 * 768 }, (x, w, b) =>
    layerNorm(x, w, b, { eps: 1e-6 }),
  ),
];
