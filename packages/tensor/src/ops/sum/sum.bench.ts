import { type Bench, benchOf } from "@ama-sam/testing";
import { sum } from "./sum";

export const benches: Bench[] = [
  benchOf({ name: "sum all of 4096x768", inputs: [[4096, 768]], outputs: 1 }, (x) => sum(x)),
  benchOf({ name: "sum rows of 4096x768", inputs: [[4096, 768]], outputs: 768 }, (x) => sum(x, { dims: [0] })),
];
