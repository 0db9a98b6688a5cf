import { type Bench, benchOf } from "@ama-sam/testing";
import { interpolateBilinear, interpolateNearest } from "./interpolate";

export const benches: Bench[] = [
  benchOf({ name: "interpolateBilinear 1x1x256x256 -> 1024x1024", inputs: [[1, 1, 256, 256]], outputs: 2 ** 20 }, (x) =>
    interpolateBilinear(x, [1024, 1024]),
  ),
  benchOf(
    { name: "interpolateNearest 1x1x1024x1024 -> 256x256", inputs: [[1, 1, 1024, 1024]], outputs: 2 ** 16 },
    (x) => interpolateNearest(x, [256, 256]),
  ),
];
