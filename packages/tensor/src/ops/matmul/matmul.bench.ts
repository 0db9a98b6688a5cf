import { type Bench, benchOf } from "@ama-sam/testing";
import { matmul } from "./matmul";

export const benches: Bench[] = [
  benchOf(
    {
      name: "matmul 16x32 by 32x65536 (HR slices)",
      inputs: [
        [1, 16, 32],
        [1, 32, 65536],
      ],
      flops: 2 * 16 * 32 * 65536,
      outputs: 16 * 65536,
    },
    (a, b) => matmul(a, b),
  ),
  benchOf(
    {
      name: "matmul 768x4096 by 4096x192 (weight gradient)",
      inputs: [
        [4096, 768],
        [4096, 192],
      ],
      flops: 2 * 768 * 4096 * 192,
      outputs: 768 * 192,
    },
    (a, b) => matmul(a, b, { transposeA: true }),
  ),
];
