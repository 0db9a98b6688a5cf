import { opSuite } from "@ama-sam/testing/op-suite";
import { matmulOp } from "./matmul";

const sizes = [1, 3, 4, 5, 16, 17, 33];

opSuite(matmulOp, [
  ...sizes.map((m, i) => ({
    inputs: { a: { shape: [m, sizes[(i + 2) % 7]] }, b: { shape: [sizes[(i + 2) % 7], sizes[(i + 4) % 7]] } },
  })),
  ...[
    [false, true],
    [true, false],
    [true, true],
  ].map(([transposeA, transposeB]) => ({
    inputs: { a: { shape: transposeA ? [3, 7, 18] : [3, 18, 7] }, b: { shape: transposeB ? [3, 13, 7] : [3, 7, 13] } },
    attrs: { transposeA, transposeB },
  })),
  { name: "b shared", inputs: { a: { shape: [3, 6, 7] }, b: { shape: [7, 9] } } },
  {
    name: "b shared, transposed",
    inputs: { a: { shape: [2, 2, 6, 8] }, b: { shape: [12, 8] } },
    attrs: { transposeB: true },
  },
  { name: "long inner", inputs: { a: { shape: [5, 1030] }, b: { shape: [1030, 6] } } },
]);
