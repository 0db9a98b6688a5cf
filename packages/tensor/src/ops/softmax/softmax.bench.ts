import { type Bench, benchOf } from "@ama-sam/testing";
import { softmax } from "./softmax";

export const benches: Bench[] = [
  benchOf({ name: "softmax 58800x196", inputs: [[58800, 196]], outputs: 58800 * 196 }, (x) => softmax(x)),
];
