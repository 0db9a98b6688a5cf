import { type Bench, benchOf } from "@ama-sam/testing";
import { gelu } from "./unary";

export const benches: Bench[] = [
  benchOf({ name: "gelu 4096x3072", inputs: [[4096, 3072]], outputs: 4096 * 3072 }, (x) => gelu(x)),
];
