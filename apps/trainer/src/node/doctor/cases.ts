import * as t from "@ama-sam/tensor";

type Tensor = t.Tensor;

/** One input: its shape, and what its values in (-1, 1) become. Integers have no gradient. */
export interface Input {
  shape: readonly number[];
  /** Moves values into the op's domain, or away from where it has a kink. */
  map?(value: number, index: number): number;
  dtype?: "f32" | "i32";
  /** False for an input that has no gradient. */
  grad?: boolean;
}

/** One op on patternless inputs. Its result is compared with the float64 reference of its own definition. */
export interface Case {
  /** The public function of `@ama-sam/tensor`; a test sees to it that none is left out. */
  op: string;
  note?: string;
  inputs: readonly Input[];
  run(...inputs: Tensor[]): Tensor;
  /** For what is no op with a reference of its own. */
  expected?(...inputs: Float64Array[]): ArrayLike<number>;
  /** False where there is no gradient to compare. */
  gradient?: false;
}

const s = (...shape: number[]): Input => ({ shape });
const fixed = (...shape: number[]): Input => ({ shape, grad: false });
const mapped = (map: NonNullable<Input["map"]>, ...shape: number[]): Input => ({ shape, map });

const positive = (x: number): number => 1.5 + x;
const awayFromZero = (x: number): number => x + (x < 0 ? -0.2 : 0.2);
/** No two of neighbouring values closer than an eighth: the largest stays the largest. */
const distinct = (_: number, i: number): number => ((i * 37) % 64) / 8 - 4;
const share = (x: number): number => 0.5 + 0.45 * x;
const bit = (x: number): number => (x > 0 ? 1 : 0);

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

const unary = (op: string, run: Unary, map: (x: number) => number = (x) => x): Case => ({
  op,
  inputs: [mapped(map, 3, 67)],
  run,
});
const binary = (op: string, run: Binary): Case[] => [
  { op, note: "broadcast", inputs: [s(4, 5, 33), mapped(positive, 5, 1)], run },
  { op, inputs: [s(4, 66), mapped(positive, 4, 66)], run },
];

/** Every function of the tensor core, at shapes that take its different kernels. */
export const CASES: readonly Case[] = [
  ...Object.entries({
    exp: t.exp,
    gelu: t.gelu,
    neg: t.neg,
    sigmoid: t.sigmoid,
    softplus: t.softplus,
    square: t.square,
    tanh: t.tanh,
  }).map(([op, run]) => unary(op, run)),
  unary("log", t.log, positive),
  unary("sqrt", t.sqrt, positive),
  unary("relu", t.relu, awayFromZero),
  unary("abs", t.abs, awayFromZero),
  ...binary("add", t.add),
  ...binary("sub", t.sub),
  ...binary("mul", t.mul),
  ...binary("div", t.div),
  { op: "affine", inputs: [s(7, 19)], run: (x) => t.affine(x, { scale: -1.5, shift: 0.25 }) },
  { op: "sum", inputs: [s(3, 50, 7)], run: (x) => t.sum(x, { dims: [1] }) },
  { op: "sum", note: "of everything", inputs: [s(3000)], run: (x) => t.sum(x) },
  { op: "mean", inputs: [s(3, 50, 7)], run: (x) => t.mean(x, { dims: [1] }) },
  { op: "mean", note: "of rows", inputs: [s(20, 130)], run: (x) => t.mean(x, { dims: [1], keepdim: true }) },
  { op: "softmax", inputs: [s(9, 130)], run: (x) => t.softmax(x) },
  { op: "softmax", note: "short rows", inputs: [s(40, 5)], run: (x) => t.softmax(x) },

  { op: "matmul", note: "odd", inputs: [s(17, 33), s(33, 9)], run: (a, b) => t.matmul(a, b) },
  { op: "matmul", note: "whole tiles", inputs: [s(64, 96), s(96, 128)], run: (a, b) => t.matmul(a, b) },
  { op: "matmul", note: "a row", inputs: [s(1, 256), s(256, 64)], run: (a, b) => t.matmul(a, b) },
  {
    op: "matmul",
    note: "batched, transposed",
    inputs: [s(3, 20, 12), s(3, 16, 20)],
    run: (a, b) => t.matmul(a, b, { transposeA: true, transposeB: true }),
  },
  { op: "linear", inputs: [s(20, 48), s(32, 48), s(32)], run: (x, w, b) => t.linear(x, w, b) },
  {
    op: "mlp",
    inputs: [s(40, 16), s(24, 16), s(24), s(16, 24), s(16)],
    run: (x, w1, b1, w2, b2) => t.mlp(x, w1, b1, w2, b2, { activation: "gelu" }),
  },
  { op: "linear", note: "many rows", inputs: [s(2, 70, 48), s(96, 48), s(96)], run: (x, w, b) => t.linear(x, w, b) },

  {
    op: "layerNorm",
    inputs: [s(10, 96), s(96), s(96)],
    run: (x, w, b) => t.layerNorm(x, w, b, { eps: 1e-6 }),
  },
  {
    op: "layerNorm2d",
    inputs: [s(2, 12, 5, 7), s(12), s(12)],
    run: (x, w, b) => t.layerNorm2d(x, w, b, { eps: 1e-6 }),
  },

  {
    op: "attention",
    inputs: [s(2, 3, 40, 16), s(2, 3, 24, 16), s(2, 3, 24, 16)],
    run: (q, k, v) => t.attention(q, k, v),
  },
  {
    op: "attention",
    note: "width that is no multiple of four",
    inputs: [s(1, 2, 9, 14), s(1, 2, 5, 14), s(1, 2, 5, 14)],
    run: (q, k, v) => t.attention(q, k, v),
  },
  {
    op: "relPosAttention",
    inputs: [s(1, 2, 24, 8), s(1, 2, 24, 8), s(1, 2, 24, 8), s(11, 8), s(7, 8)],
    run: (q, k, v, h, w) => t.relPosAttention(q, k, v, h, w, { H: 6, W: 4 }),
  },
  { op: "qkvAttention", inputs: [s(2, 21, 3 * 2 * 8)], run: (x) => t.qkvAttention(x, { heads: 2 }) },
  {
    op: "qkvAttention",
    note: "relative positions",
    inputs: [s(3, 35, 3 * 2 * 16), s(9, 16), s(13, 16)],
    run: (x, h, w) => t.qkvAttention(x, { heads: 2, relPos: { h, w, H: 5, W: 7 } }),
  },
  { op: "windowPartition", inputs: [s(2, 7, 5, 8)], run: (x) => t.windowPartition(x, 3) },
  { op: "windowPartition", note: "odd channels", inputs: [s(1, 4, 4, 3)], run: (x) => t.windowPartition(x, 2) },
  { op: "windowUnpartition", inputs: [s(12, 3, 3, 8)], run: (x) => t.windowUnpartition(x, 3, [7, 5]) },

  {
    op: "conv2d",
    note: "3 x 3",
    inputs: [s(2, 5, 12, 10), s(7, 5, 3, 3), s(7)],
    run: (x, w, b) => t.conv2d(x, w, b, { padding: 1 }),
  },
  {
    op: "conv2d",
    note: "patches",
    inputs: [s(1, 3, 32, 32), s(16, 3, 8, 8), s(16)],
    run: (x, w, b) => t.conv2d(x, w, b, { stride: 8 }),
  },
  { op: "conv2d", note: "1 x 1", inputs: [s(2, 8, 6, 5), s(12, 8, 1, 1)], run: (x, w) => t.conv2d(x, w) },
  {
    op: "conv2d",
    note: "steps over a border",
    inputs: [s(1, 4, 9, 7), s(6, 4, 3, 3), s(6)],
    run: (x, w, b) => t.conv2d(x, w, b, { stride: 2, padding: 1 }),
  },
  {
    op: "convTranspose2d",
    inputs: [s(2, 6, 5, 4), s(6, 3, 2, 2), s(3)],
    run: (x, w, b) => t.convTranspose2d(x, w, b, { stride: 2 }),
  },
  { op: "maxPool2d", inputs: [mapped(distinct, 2, 3, 8, 6)], run: (x) => t.maxPool2d(x) },
  { op: "maxPool2d", note: "of three", inputs: [mapped(distinct, 1, 2, 7, 7)], run: (x) => t.maxPool2d(x, 3) },
  {
    op: "interpolateBilinear",
    note: "four times",
    inputs: [s(1, 3, 6, 5)],
    run: (x) => t.interpolateBilinear(x, [24, 20]),
  },
  {
    op: "interpolateBilinear",
    note: "corners aligned",
    inputs: [s(2, 3, 6, 5)],
    run: (x) => t.interpolateBilinear(x, [12, 10], { alignCorners: true }),
  },
  {
    op: "interpolateBilinear",
    note: "smaller",
    inputs: [s(1, 2, 16, 12)],
    run: (x) => t.interpolateBilinear(x, [5, 7]),
  },
  { op: "interpolateNearest", inputs: [s(1, 3, 6, 5)], run: (x) => t.interpolateNearest(x, [12, 10]) },
  { op: "interpolateNearest", note: "smaller", inputs: [s(1, 2, 16, 12)], run: (x) => t.interpolateNearest(x, [4, 4]) },
  { op: "pixelShuffle", inputs: [s(1, 16, 5, 3)], run: (x) => t.pixelShuffle(x, 4) },
  { op: "pixelUnshuffle", inputs: [s(2, 1, 20, 12)], run: (x) => t.pixelUnshuffle(x, 4) },

  { op: "permute", inputs: [s(3, 4, 5, 6)], run: (x) => t.permute(x, [2, 0, 3, 1]) },
  { op: "permute", note: "transpose", inputs: [s(2, 33, 40)], run: (x) => t.permute(x, [0, 2, 1]) },
  { op: "reshape", inputs: [s(6, 10)], run: (x) => t.square(t.reshape(x, [4, 15])) },
  { op: "expand", inputs: [s(5, 1, 3)], run: (x) => t.expand(x, [2, 5, 4, 3]) },
  { op: "slice", inputs: [s(4, 9, 3)], run: (x) => t.slice(x, 1, 5, 9) },
  { op: "cat", inputs: [s(4, 2, 3), s(4, 5, 3)], run: (a, b) => t.cat([a, b], 1) },
  { op: "stack", inputs: [s(4, 6), s(4, 6)], run: (a, b) => t.stack([a, b], 1) },
  {
    op: "pad",
    inputs: [s(3, 4, 5)],
    run: (x) =>
      t.pad(x, [
        [0, 0],
        [1, 2],
        [3, 0],
      ]),
  },
  {
    op: "embedding",
    inputs: [s(7, 12), { shape: [2, 5], dtype: "i32", map: (_, i) => (i * 3) % 7 }],
    run: (weight, index) => t.embedding(weight, index),
  },
  { op: "threshold", inputs: [mapped(awayFromZero, 5, 40)], run: (x) => t.threshold(x, 0), gradient: false },
  {
    op: "cast",
    inputs: [{ shape: [5, 9], dtype: "i32", map: (_, i) => i - 20 }],
    run: (x) => t.cast(x, "f32"),
    gradient: false,
  },
  {
    op: "diceFocalLoss",
    inputs: [mapped(share, 2, 1, 9, 11), { ...fixed(2, 1, 9, 11), map: bit }],
    run: (p, target) => t.diceFocalLoss(p, target),
  },
  {
    op: "diceFocalLossWithLogits",
    inputs: [mapped((x) => 3 * x, 2, 1, 9, 11), { ...fixed(2, 1, 9, 11), map: bit }],
    run: (z, target) => t.diceFocalLossWithLogits(z, target),
  },

  {
    op: "gradNorm",
    inputs: [s(300), s(4, 5)],
    run: (a, b) => t.gradNorm([a, b]),
    expected: (a, b) => [Math.sqrt([...a, ...b].reduce((sum, v) => sum + v * v, 0))],
    gradient: false,
  },
  {
    op: "clipScale",
    inputs: [mapped(positive, 1)],
    run: (norm) => t.clipScale(norm, 0.25),
    expected: ([norm]) => [Math.min(1, 0.25 / (norm! + 1e-6))],
    gradient: false,
  },
  {
    op: "adamStep",
    inputs: [s(130), s(130), s(130), mapped(positive, 130)],
    run: adam,
    expected: adamExpected,
    gradient: false,
  },
];

const RULE = { lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, step: 3 };

function adam(param: Tensor, grad: Tensor, m: Tensor, v: Tensor): Tensor {
  t.adamStep({ params: [param], grads: [grad], m: [m], v: [v], ...RULE });
  return t.stack([param, m, v], 0);
}

/** Kingma and Ba's algorithm 1 with the bias corrections of PyTorch. */
function adamExpected(param: Float64Array, grad: Float64Array, m: Float64Array, v: Float64Array): Float64Array {
  const { lr, beta1, beta2, eps, step } = RULE;
  const n = param.length;
  const out = new Float64Array(3 * n);
  for (let i = 0; i < n; i++) {
    const first = beta1 * m[i]! + (1 - beta1) * grad[i]!;
    const second = beta2 * v[i]! + (1 - beta2) * grad[i]! ** 2;
    const denominator = Math.sqrt(second) / Math.sqrt(1 - beta2 ** step) + eps;
    out[i] = param[i]! - ((lr / (1 - beta1 ** step)) * first) / denominator;
    out[n + i] = first;
    out[2 * n + i] = second;
  }
  return out;
}
