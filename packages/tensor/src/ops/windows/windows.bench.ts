import { type Bench, benchOf } from "@ama-sam/testing";
import { windowPartition, windowUnpartition } from "./windows";

export const benches: Bench[] = [
  benchOf({ name: "windowPartition 14 of 1x64x64x768", inputs: [[1, 64, 64, 768]], outputs: 25 * 196 * 768 }, (x) =>
    windowPartition(x, 14),
  ),
  benchOf({ name: "windowUnpartition 14 to 1x64x64x768", inputs: [[25, 14, 14, 768]], outputs: 4096 * 768 }, (x) =>
    windowUnpartition(x, 14, [64, 64]),
  ),
];
