import { type Bench, benchOf } from "@ama-sam/testing";
import { convTranspose2d } from "./conv-transpose2d";

export const benches: Bench[] = [
  benchOf(
    {
      name: "convTranspose2d 2x2 256->64 at 64x64",
      inputs: [
        [1, 256, 64, 64],
        [256, 64, 2, 2],
      ],
      flops: 2 * 256 * 64 * 4 * 4096,
      outputs: 64 * 16384,
    },
    (x, w) => convTranspose2d(x, w),
  ),
];
