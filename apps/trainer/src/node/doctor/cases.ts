import {
  add,
  attention,
  cat,
  conv2d,
  convTranspose2d,
  div,
  exp,
  gelu,
  interpolateBilinear,
  layerNorm,
  layerNorm2d,
  linear,
  log,
  matmul,
  maxPool2d,
  mean,
  mul,
  permute,
  pixelShuffle,
  pixelUnshuffle,
  relu,
  sigmoid,
  slice,
  softmax,
  softplus,
  sqrt,
  sub,
  sum,
  type Tensor,
  tanh,
} from "@ama-sam/tensor";
import * as ref from "./references";

/** One op on inputs with patternless values, and the same in float64. */
export interface Case {
  name: string;
  shapes: readonly (readonly number[])[];
  /** Moves an input's values into the op's domain. */
  prepare?: readonly (((x: number) => number) | undefined)[];
  run(inputs: Tensor[]): Tensor;
  reference(inputs: Float64Array[]): Float64Array;
  /** False where finite differences do not apply. */
  gradient?: boolean;
  tolerance?: number;
}

const positive = (x: number): number => 1.5 + x;
const apart = (x: number): number => (Math.abs(x) < 0.01 ? 0.01 : x);

const unary = (
  name: string,
  run: (x: Tensor) => Tensor,
  f: (x: number) => number,
  prepare?: (x: number) => number,
): Case => ({
  name,
  shapes: [[3, 67]],
  ...(prepare && { prepare: [prepare] }),
  run: ([x]) => run(x!),
  reference: ([x]) => x!.map(f),
});

const binary = (
  name: string,
  run: (a: Tensor, b: Tensor) => Tensor,
  f: (a: number, b: number) => number,
  prepare?: Case["prepare"],
): Case => ({
  name,
  shapes: [
    [4, 5, 33],
    [5, 1],
  ],
  ...(prepare && { prepare }),
  run: ([a, b]) => run(a!, b!),
  reference: ([a, b]) => a!.map((x, i) => f(x, b![Math.floor(i / 33) % 5]!)),
});

/** The ops of the tensor core at shapes that take their different kernels. */
export const CASES: readonly Case[] = [
  unary("exp", exp, Math.exp),
  unary("log", log, Math.log, positive),
  unary("sqrt", sqrt, Math.sqrt, positive),
  unary("tanh", tanh, Math.tanh),
  unary("sigmoid", sigmoid, (x) => 1 / (1 + Math.exp(-x))),
  unary("softplus", softplus, (x) => Math.log1p(Math.exp(x))),
  unary("relu", relu, (x) => Math.max(0, x), apart),
  unary("gelu", gelu, ref.gelu),
  binary("add", add, (a, b) => a + b),
  binary("sub", sub, (a, b) => a - b),
  binary("mul", mul, (a, b) => a * b),
  binary("div", div, (a, b) => a / b, [undefined, positive]),
  {
    name: "sum",
    shapes: [[3, 50, 7]],
    run: ([x]) => sum(x!, { dims: [1] }),
    reference: ([x]) => ref.sumAxis(x!, 3, 50, 7),
  },
  {
    name: "mean",
    shapes: [[3, 50, 7]],
    run: ([x]) => mean(x!, { dims: [1] }),
    reference: ([x]) => ref.sumAxis(x!, 3, 50, 7).map((v) => v / 50),
  },
  ...[
    [17, 33, 9],
    [64, 96, 128],
    [1, 256, 64],
  ].map(
    ([m, k, n]): Case => ({
      name: `matmul ${m}x${k}x${n}`,
      shapes: [
        [m!, k!],
        [k!, n!],
      ],
      run: ([a, b]) => matmul(a!, b!),
      reference: ([a, b]) => ref.matmul(a!, b!, m!, k!, n!),
    }),
  ),
  {
    name: "linear",
    shapes: [[20, 48], [32, 48], [32]],
    run: ([x, w, b]) => linear(x!, w!, b!),
    reference: ([x, w, b]) => ref.linear(x!, w!, b!, 20, 48, 32),
  },
  {
    name: "softmax",
    shapes: [[9, 130]],
    run: ([x]) => softmax(x!),
    reference: ([x]) => ref.softmax(x!, 130),
  },
  {
    name: "layerNorm",
    shapes: [[10, 96], [96], [96]],
    run: ([x, w, b]) => layerNorm(x!, w!, b!, { eps: 1e-6 }),
    reference: ([x, w, b]) => ref.layerNorm(x!, w!, b!, 96, 1e-6),
  },
  {
    name: "layerNorm2d",
    shapes: [[2, 12, 5, 7], [12], [12]],
    run: ([x, w, b]) => layerNorm2d(x!, w!, b!, { eps: 1e-6 }),
    reference: ([x, w, b]) => ref.layerNorm2d(x!, w!, b!, 2, 12, 35, 1e-6),
  },
  {
    name: "attention",
    shapes: [
      [2, 3, 40, 16],
      [2, 3, 24, 16],
      [2, 3, 24, 16],
    ],
    run: ([q, k, v]) => attention(q!, k!, v!),
    reference: ([q, k, v]) => ref.attention(q!, k!, v!, 6, 40, 24, 16),
  },
  {
    name: "conv2d 3x3",
    shapes: [[2, 5, 12, 10], [7, 5, 3, 3], [7]],
    run: ([x, w, b]) => conv2d(x!, w!, b!, { padding: 1 }),
    reference: ([x, w, b]) => ref.conv2d(x!, w!, b!, [2, 5, 12, 10], 7, 3, 1, 1),
  },
  {
    name: "conv2d patches",
    shapes: [[1, 3, 32, 32], [16, 3, 8, 8], [16]],
    run: ([x, w, b]) => conv2d(x!, w!, b!, { stride: 8 }),
    reference: ([x, w, b]) => ref.conv2d(x!, w!, b!, [1, 3, 32, 32], 16, 8, 8, 0),
  },
  {
    name: "convTranspose2d",
    shapes: [[2, 6, 5, 4], [6, 3, 2, 2], [3]],
    run: ([x, w, b]) => convTranspose2d(x!, w!, b!, { stride: 2 }),
    reference: ([x, w, b]) => ref.convTranspose2(x!, w!, b!, [2, 6, 5, 4], 3),
  },
  {
    name: "maxPool2d",
    shapes: [[2, 3, 8, 6]],
    run: ([x]) => maxPool2d(x!),
    reference: ([x]) => ref.maxPool2(x!, 6, 8, 6),
    gradient: false,
  },
  {
    name: "interpolateBilinear",
    shapes: [[1, 3, 6, 5]],
    run: ([x]) => interpolateBilinear(x!, [24, 20]),
    reference: ([x]) => ref.bilinear(x!, 3, 6, 5, 24, 20),
  },
  {
    name: "pixelShuffle",
    shapes: [[1, 16, 5, 3]],
    run: ([x]) => pixelShuffle(x!, 4),
    reference: ([x]) => ref.pixelShuffle(x!, 16, 5, 3, 4),
  },
  {
    name: "pixelUnshuffle",
    shapes: [[1, 1, 20, 12]],
    run: ([x]) => pixelShuffle(pixelUnshuffle(x!, 4), 4),
    reference: ([x]) => x!,
  },
  {
    name: "permute",
    shapes: [[3, 4, 5, 6]],
    run: ([x]) => permute(x!, [2, 0, 3, 1]),
    reference: ([x]) => ref.permute2031(x!, 3, 4, 5, 6),
  },
  {
    name: "slice and cat",
    shapes: [[4, 9, 3]],
    run: ([x]) => cat([slice(x!, 1, 5, 9), slice(x!, 1, 0, 5)], 1),
    reference: ([x]) =>
      x!.map((_, i) => x![Math.floor(i / 27) * 27 + ((Math.floor((i % 27) / 3) + 5) % 9) * 3 + (i % 3)]!),
  },
];
