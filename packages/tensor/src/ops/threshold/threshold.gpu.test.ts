import { opSuite } from "@ama-sam/testing/op-suite";
import { thresholdOp } from "./threshold";

opSuite(thresholdOp, [
  { attrs: { value: 0.95 }, inputs: { x: { shape: [5], values: [0.949, 0.95, 0.951, Number.NaN, -1] } } },
  { attrs: { value: 0 }, inputs: { x: { shape: [7, 37] } } },
  { attrs: { value: 0 }, inputs: { x: { shape: [1] } } },
  { attrs: { value: 0.1 }, inputs: { x: { shape: [300_001] } } },
]);
