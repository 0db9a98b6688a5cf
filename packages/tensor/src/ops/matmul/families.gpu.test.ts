import { type OpCase, opSuite, testDevice } from "@ama-sam/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setFlags, withFlags } from "../../debug/flags";
import { tensor } from "../../tensor/tensor";
import { type LinearOptions, linearOp } from "../linear/linear";
import { type MatmulOptions, matmul, matmulOp } from "./matmul";
import { allTiles, productTile, tileFits } from "./tile";

const sizes = [1, 3, 4, 5, 16, 17, 33];
const products: OpCase<MatmulOptions>[] = [
  ...sizes.map((m, i) => ({
    inputs: { a: { shape: [m, sizes[(i + 2) % 7]] }, b: { shape: [sizes[(i + 2) % 7], sizes[(i + 4) % 7]] } },
  })),
  ...[
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ].flatMap(([transposeA, transposeB]) =>
    [7, 12].map((k) => ({
      inputs: {
        a: { shape: transposeA ? [3, k, 20] : [3, 20, k] },
        b: { shape: transposeB ? [3, 36, k] : [3, k, 36] },
      },
      attrs: { transposeA, transposeB },
    })),
  ),
  { name: "b shared", inputs: { a: { shape: [3, 6, 7] }, b: { shape: [7, 9] } } },
  {
    name: "b shared, transposed",
    inputs: { a: { shape: [2, 2, 6, 8] }, b: { shape: [12, 8] } },
    attrs: { transposeB: true },
  },
  { name: "long inner", inputs: { a: { shape: [5, 1030] }, b: { shape: [1030, 6] } } },
  { name: "several tiles both ways", inputs: { a: { shape: [150, 20] }, b: { shape: [20, 140] } } },
];
const ends: OpCase<LinearOptions>[] = (["none", "relu", "gelu"] as const).flatMap((activation) => [
  { inputs: { x: { shape: [3, 5, 24] }, weight: { shape: [12, 24] }, bias: { shape: [12] } }, attrs: { activation } },
  { inputs: { x: { shape: [7, 9] }, weight: { shape: [5, 9] }, bias: { shape: [5] } }, attrs: { activation } },
]);
const half: OpCase<LinearOptions>[] = [24, 9].map((k) => ({
  name: "weights stored f16",
  inputs: { x: { shape: [7, k] }, weight: { shape: [12, k], dtype: "f16" }, bias: { shape: [12] } },
}));

for (const family of ["tile", "direct"]) {
  describe(`products by ${family}`, () => {
    beforeAll(() => setFlags({ family: `matmul:${family}` }));
    afterAll(() => setFlags({ family: "" }));
    opSuite(matmulOp, products);
    opSuite(linearOp, [...ends, ...half]);
  });
}
