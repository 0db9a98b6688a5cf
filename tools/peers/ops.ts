// What is measured: sizes of ViT-B, inputs in PyTorch's layout, flop and byte counts, and a double reference.
import { uniform } from "./random";
import { attentionReference } from "./reference/attention";
import { blockReference } from "./reference/block-file";
import { convGradReference, convReference, convTGradReference, convTReference } from "./reference/conv";
import { gelu } from "./reference/gelu";
import { layerNormReference, linearReference, softmaxReference } from "./reference/rows";
import type { BlockSizes } from "./reference/vit-block";
import type { Element, Inputs, Op } from "./types";

const BYTES = 4;

function linearOp(M: number, K: number, N: number): Op {
  const sizes = { M, K, N };
  return {
    name: `linear ${M}x${K}x${N}`,
    family: "linear",
    sizes,
    flops: 2 * M * K * N,
    bytes: BYTES * (M * K + K * N + M * N),
    outputs: { y: [M, N] },
    inputs: () => ({ x: uniform(1, [M, K]), w: uniform(2, [K, N]) }),
    reference: (inputs) => linearReference(inputs, sizes),
  };
}

function attentionOp(name: string, B: number, T: number, D: number, relPos: boolean): Op {
  const W = Math.round(Math.sqrt(T));
  const sizes = { B, T, D, W };
  return {
    name,
    family: "attention",
    sizes,
    relPos,
    flops: 4 * B * T * T * D + (relPos ? 4 * B * T * D * W : 0),
    bytes: BYTES * 4 * B * T * D,
    outputs: { y: [B, T, D] },
    inputs: (): Inputs => ({
      q: uniform(11, [B, T, D], 2),
      k: uniform(12, [B, T, D], 2),
      v: uniform(13, [B, T, D]),
      ...(relPos && { relPosH: uniform(14, [2 * W - 1, D], 0.3), relPosW: uniform(15, [2 * W - 1, D], 0.3) }),
    }),
    reference: (inputs) => attentionReference(inputs, sizes, relPos),
  };
}

function rowOps(): Op[] {
  const move = (count: number) => ({ flops: 0, bytes: BYTES * 2 * count });
  return [
    {
      name: "layer norm 4096x768",
      family: "layerNorm",
      sizes: { R: 4096, D: 768 },
      ...move(4096 * 768),
      outputs: { y: [4096, 768] },
      inputs: () => ({
        x: uniform(3, [4096, 768], 2, 0.5),
        weight: uniform(4, [768], 0.5, 1),
        bias: uniform(5, [768]),
      }),
      reference: (inputs) => layerNormReference(inputs, { D: 768 }, 1e-6),
    },
    {
      name: "softmax 58800x196",
      family: "softmax",
      sizes: { R: 58800, D: 196 },
      ...move(58800 * 196),
      outputs: { y: [58800, 196] },
      inputs: () => ({ x: uniform(7, [58800, 196], 5) }),
      reference: (inputs) => softmaxReference(inputs, { D: 196 }),
    },
    {
      name: "GELU 4096x3072",
      family: "gelu",
      sizes: {},
      ...move(4096 * 3072),
      outputs: { y: [4096, 3072] },
      inputs: () => ({ x: uniform(6, [4096, 3072], 4) }),
      reference: ({ x }) => ({ y: (i) => gelu(x.data[i]) }),
    },
  ];
}

function convOps(): Op[] {
  const [C, H, O, O2] = [256, 64, 256, 64];
  const conv = { sizes: { C, O, H }, flops: 2 * O * C * 9 * H * H };
  const convT = { sizes: { C, O: O2, H }, flops: 2 * C * O2 * 4 * H * H };
  const convInputs = () => ({ x: uniform(21, [1, C, H, H]), w: uniform(22, [O, C, 3, 3], 0.05) });
  const convTInputs = () => ({ x: uniform(23, [1, C, H, H]), w: uniform(24, [C, O2, 2, 2], 0.1) });
  return [
    {
      name: "conv 3x3 256->256 at 64x64",
      family: "conv",
      ...conv,
      bytes: BYTES * (C * H * H + O * H * H + O * C * 9),
      outputs: { y: [1, O, H, H] },
      inputs: convInputs,
      reference: (inputs) => convReference(inputs, conv.sizes),
    },
    {
      name: "conv 3x3 256->256 at 64x64, both gradients",
      family: "convGrad",
      grad: true,
      ...conv,
      flops: 2 * conv.flops,
      bytes: BYTES * 2 * (C * H * H + O * H * H + O * C * 9),
      outputs: { dx: [1, C, H, H], dw: [O, C, 3, 3] },
      inputs: () => ({ ...convInputs(), gy: uniform(25, [1, O, H, H]) }),
      reference: (inputs) => convGradReference(inputs, conv.sizes),
    },
    {
      name: "transposed conv 2x2 256->64 at 64x64",
      family: "convT",
      ...convT,
      bytes: BYTES * (C * H * H + O2 * 4 * H * H + C * O2 * 4),
      outputs: { y: [1, O2, 2 * H, 2 * H] },
      inputs: convTInputs,
      reference: (inputs) => convTReference(inputs, convT.sizes),
    },
    {
      name: "transposed conv 2x2 256->64 at 64x64, both gradients",
      family: "convTGrad",
      grad: true,
      ...convT,
      flops: 2 * convT.flops,
      bytes: BYTES * 2 * (C * H * H + O2 * 4 * H * H + C * O2 * 4),
      outputs: { dx: [1, C, H, H], dw: [C, O2, 2, 2] },
      inputs: () => ({ ...convTInputs(), gy: uniform(26, [1, O2, 2 * H, 2 * H]) }),
      reference: (inputs) => convTGradReference(inputs, convT.sizes),
    },
  ];
}

/** Inputs of the ViT block: matrices are [in, out]. */
export function blockInputs({ T, D, mlp, adapter }: BlockSizes): Inputs {
  return {
    x: uniform(31, [T, D], 1),
    ln1_g: uniform(32, [D], 0.2, 1),
    ln1_b: uniform(33, [D], 0.1),
    qkv_w: uniform(34, [D, 3 * D], 0.05),
    qkv_b: uniform(35, [3 * D], 0.1),
    proj_w: uniform(36, [D, D], 0.05),
    proj_b: uniform(37, [D], 0.1),
    ln2_g: uniform(38, [D], 0.2, 1),
    ln2_b: uniform(39, [D], 0.1),
    fc1_w: uniform(40, [D, mlp], 0.05),
    fc1_b: uniform(41, [mlp], 0.1),
    fc2_w: uniform(42, [mlp, D], 0.03),
    fc2_b: uniform(43, [D], 0.1),
    down_w: uniform(44, [D, adapter], 0.05),
    down_b: uniform(45, [adapter], 0.1),
    up_w: uniform(46, [adapter, D], 0.05),
    up_b: uniform(47, [D], 0.1),
  };
}

function trainStep(T: number): Op {
  const sizes = { T, D: 768, heads: 12, mlp: 3072, adapter: 192 };
  const { D, mlp, adapter } = sizes;
  // Forward products, and the same again for d input; attention once forward, twice backward; the adapter's weight gradients.
  const products = 2 * T * (D * 3 * D + D * D + 2 * D * mlp + 2 * D * adapter);
  const flops = 2 * products + 3 * (4 * T * T * D) + 2 * T * 2 * D * adapter;
  return {
    name: `training step of a ViT block with adapter, ${T} tokens`,
    family: "block",
    grad: true,
    sizes,
    flops,
    bytes: 0,
    outputs: {
      loss: [1],
      dx: [T, D],
      d_down_w: [D, adapter],
      d_down_b: [adapter],
      d_up_w: [adapter, D],
      d_up_b: [D],
    },
    inputs: () => blockInputs(sizes),
    reference: (inputs) => {
      const result: Record<string, Float64Array> = blockReference(sizes, inputs);
      return Object.fromEntries(Object.entries(result).map(([k, a]): [string, Element] => [k, (i) => a[i]]));
    },
  };
}

/**
 * All ops.
 * @param rows rows of the products (slow adapters: fewer)
 * @param tokens tokens of the training step
 */
export function opsOf({ rows, tokens }: { rows: number; tokens: number }): Op[] {
  return [
    linearOp(rows, 768, 768),
    linearOp(rows, 768, 2304),
    linearOp(rows, 768, 3072),
    linearOp(rows, 3072, 768),
    attentionOp("window attention 300x196x64, relative positions", 300, 196, 64, true),
    attentionOp("global attention 12x1024x64", 12, 1024, 64, false),
    attentionOp("global attention 12x1024x64, relative positions", 12, 1024, 64, true),
    ...rowOps(),
    ...convOps(),
    trainStep(tokens),
  ];
}
