import { opSuite } from "@ama-sam/testing/op-suite";
import { affineOp } from "./affine";
import { binaryOps } from "./binary";

const shapes: [number[], number[]][] = [
  [
    [2, 3, 5],
    [2, 3, 5],
  ],
  [
    [2, 4, 1, 4],
    [1, 5, 4],
  ],
  [
    [3, 1, 3],
    [1, 4, 1],
  ],
  [[3, 2], []],
  [[1], [7]],
  [
    [1, 1, 6, 5],
    [2, 3, 1, 5],
  ],
  [[4, 3, 8], [8]],
  [
    [2, 3, 8],
    [1, 3, 8],
  ],
  [
    [3, 1, 2, 12],
    [1, 5, 1, 12],
  ],
];

for (const name of ["add", "sub", "mul", "div"] as const) {
  opSuite(
    binaryOps[name],
    shapes.map(([a, b]) => ({
      inputs: { a: { shape: a }, b: { shape: b, ...(name === "div" ? { scale: 0.2, offset: 2 } : {}) } },
    })),
  );
}
opSuite(affineOp, [
  { inputs: { x: { shape: [3, 7] } }, attrs: { scale: -0.5, shift: 2 } },
  { inputs: { x: { shape: [5] } }, attrs: { shift: 1 } },
]);
