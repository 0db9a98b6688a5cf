import { type Bench, benchOf } from "@ama-sam/testing";
import { adamStep } from "./adam";

/** Four values read and three written per parameter. */
const COUNT = 2 ** 20;

export const benches: Bench[] = [
  benchOf(
    { name: "adamStep 1 M parameters", inputs: [[COUNT], [COUNT], [COUNT], [COUNT]], outputs: 3 * COUNT },
    (p, g, m, v) => {
      adamStep({ params: [p], grads: [g], m: [m], v: [v], lr: 1e-4, beta1: 0.9, beta2: 0.999, eps: 1e-8, step: 1 });
      return [];
    },
  ),
];
