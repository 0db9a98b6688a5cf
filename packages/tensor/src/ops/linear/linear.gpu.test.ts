import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { tensor } from "../../tensor/tensor";
import { linear, linearOp } from "./linear";

opSuite(linearOp, [
  { inputs: { x: { shape: [4, 5] }, weight: { shape: [7, 5] }, bias: { shape: [7] } } },
  { inputs: { x: { shape: [1, 40] }, weight: { shape: [1, 40] }, bias: { shape: [1] } } },
  { inputs: { x: { shape: [6, 1] }, weight: { shape: [8, 1] }, bias: null } },
  { inputs: { x: { shape: [2, 3, 4, 16] }, weight: { shape: [31, 16] }, bias: { shape: [31] } } },
  {
    name: "gelu",
    inputs: { x: { shape: [17, 12] }, weight: { shape: [20, 12] }, bias: { shape: [20] } },
    attrs: { activation: "gelu" },
  },
  {
    name: "relu",
    inputs: { x: { shape: [5, 12], offset: 1 }, weight: { shape: [9, 12], offset: 0.5 }, bias: { shape: [9] } },
    attrs: { activation: "relu" },
  },
]);

test("an activation that it does not know is refused", async () => {
  const x = tensor(await testDevice(), [1], [1, 1]);
  for (const activation of ["tanh", "Relu", "toString"])
    expect(() => linear(x, x, null, { activation: activation as never })).toThrow(
      `[linear] unknown activation. Got ${activation}. Expected one of none, relu, gelu.`,
    );
  x.dispose();
});
