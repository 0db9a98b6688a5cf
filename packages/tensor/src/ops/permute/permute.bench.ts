import { type Bench, benchOf } from "@ama-sam/testing";
import { permute } from "./permute";

export const benches: Bench[] = [
  benchOf({ name: "permute NHWC -> NCHW 1x64x64x768", inputs: [[1, 64, 64, 768]], outputs: 4096 * 768 }, (x) =>
    permute(x, [0, 3, 1, 2]),
  ),
  benchOf({ name: "permute heads 1x4096x8x16", inputs: [[1, 4096, 8, 16]], outputs: 4096 * 128 }, (x) =>
    permute(x, [0, 2, 1, 3]),
  ),
];
