import { type Bench, benchOf } from "@ama-sam/testing";
import { diceFocalLossWithLogits } from "./dice-focal-loss";

export const benches: Bench[] = [
  benchOf(
    {
      name: "diceFocalLossWithLogits 1x1x1024x1024",
      inputs: [
        [1, 1, 1024, 1024],
        [1, 1, 1024, 1024],
      ],
      outputs: 1,
    },
    (z, t) => diceFocalLossWithLogits(z, t),
  ),
];
