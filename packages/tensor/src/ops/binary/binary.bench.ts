import { type Bench, benchOf } from "@ama-sam/testing";
import { add } from "./binary";

export const benches: Bench[] = [
  benchOf(
    {
      name: "add 4096x768",
      inputs: [
        [4096, 768],
        [4096, 768],
      ],
      outputs: 4096 * 768,
    },
    (a, b) => add(a, b),
  ),
  benchOf(
    {
      name: "add 2x64x64x768 + 1x64x64x768",
      inputs: [
        [2, 64, 64, 768],
        [1, 64, 64, 768],
      ],
      outputs: 2 * 4096 * 768,
    },
    (a, b) => add(a, b),
  ),
];
