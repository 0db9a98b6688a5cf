import { type Bench, benchOf } from "@ama-sam/testing";
import { conv2d } from "./conv2d";

export const benches: Bench[] = [
  benchOf(
    {
      name: "conv2d 3x3 256->256 at 64x64",
      inputs: [
        [1, 256, 64, 64],
        [256, 256, 3, 3],
      ],
      flops: 2 * 256 * 256 * 9 * 4096,
      outputs: 256 * 4096,
    },
    (x, w) => conv2d(x, w, null, { padding: 1 }),
  ),
  benchOf(
    {
      name: "conv2d 1x1 768->256 at 64x64",
      inputs: [
        [1, 768, 64, 64],
        [256, 768, 1, 1],
      ],
      flops: 2 * 768 * 256 * 4096,
      outputs: 256 * 4096,
    },
    (x, w) => conv2d(x, w),
  ),
  benchOf(
    {
      name: "conv2d patches 16x16 3->768 at 512x512",
      inputs: [
        [1, 3, 512, 512],
        [768, 3, 16, 16],
      ],
      flops: 2 * 768 * 768 * 1024,
      outputs: 768 * 1024,
    },
    (x, w) => conv2d(x, w, null, { stride: 16 }),
  ),
];
