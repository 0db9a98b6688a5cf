import type { Device } from "../../device/device";
import { defineKernel, spread } from "../../kernel/define-kernel";
import activateWgsl from "../../kernel/lib/activate.wgsl";
import erfWgsl from "../../kernel/lib/erf.wgsl";
import { empty, type Tensor } from "../../tensor/tensor";
import directWgsl from "./matmul-direct.wgsl";
import subgroupWgsl from "./matmul-subgroup.wgsl";
import packWgsl from "./pack.wgsl";

const uniforms = {
  m: "u32",
  n: "u32",
  k: "u32",
  kp: "u32",
  nv: "u32",
  strideA: "u32",
  strideB: "u32",
  tilesM: "u32",
  tiles: "u32",
  alpha: "f32",
} as const;

export const packKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-pack",
  source: [packWgsl],
  params: { WG: [64], TRANSPOSE: [false, true], Elem: ["f32", "f16"] },
  uniforms: { batch: "u32", rows: "u32", cols: "u32", blockRows: "u32", blockCols: "u32", stride: "u32" },
});
export const matmulSubgroupKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-subgroup",
  source: [erfWgsl, activateWgsl, subgroupWgsl],
  params: { S: [8, 4], ACT: [0, 1, 2], BIAS: [0, 1, 2] },
  uniforms,
});
export const matmulDirectKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-direct",
  source: [erfWgsl, activateWgsl, directWgsl],
  params: { ACT: [0, 1, 2], BIAS: [0, 1, 2], ElemA: ["f32", "f16"] },
  uniforms,
});

/** What a product may end with. */
export type Activation = "none" | "relu" | "gelu";
const ACT: Record<Activation, number> = { none: 0, relu: 1, gelu: 2 };

/** A batched product `y = alpha op(a) op(b) + bias`, then an activation. */
export interface Product {
  a: Tensor;
  b: Tensor;
  /** Where the result goes: [batch, m, n]. */
  y: Tensor;
  batch: number;
  m: number;
  n: number;
  k: number;
  /** `a` is stored [k, m] (`b`: [n, k]). */
  transposeA?: boolean;
  transposeB?: boolean;
  /** One matrix serves the whole batch. */
  sharedA?: boolean;
  sharedB?: boolean;
  /** A value per column of the result, or per row with `biasPerRow`. */
  bias?: Tensor | null;
  biasPerRow?: boolean;
  activation?: Activation;
  alpha?: number;
}

interface Packed {
  tensor: Tensor;
  /** Row length in vec4. */
  cols: number;
  /** Vec4 between matrices. */
  stride: number;
  owned: boolean;
}

/** A matrix as the kernels want it: rows of whole vec4, f32. Costs a copy only when it is stored otherwise. */
function pack(x: Tensor, batch: number, rows: number, cols: number, transposed: boolean, shared: boolean): Packed {
  const count = shared ? 1 : batch;
  const blockCols = Math.ceil(cols / 4);
  if (!transposed && cols % 4 === 0 && x.dtype === "f32")
    return { tensor: x, cols: blockCols, stride: shared ? 0 : (rows * cols) / 4, owned: false };
  const blockRows = Math.ceil(rows / 4);
  const tensor = empty(x.device, [count, blockRows * 4, blockCols * 4], { name: "matmul" });
  packKernel.run(
    x.device,
    { x, y: tensor },
    { batch: count, rows, cols, blockRows, blockCols, stride: rows * cols },
    spread(Math.ceil((count * blockRows * blockCols) / 64)),
    { TRANSPOSE: transposed, Elem: x.dtype },
  );
  return { tensor, cols: blockCols, stride: shared ? 0 : blockRows * 4 * blockCols, owned: true };
}

/** The subgroup size, when the adapter has exactly one that a kernel is written for; else 0. */
function fixedSubgroup(device: Device): number {
  const { subgroups, subgroupMinSize, subgroupMaxSize } = device.abilities;
  return subgroups && subgroupMinSize === subgroupMaxSize && (subgroupMinSize === 4 || subgroupMinSize === 8)
    ? subgroupMinSize
    : 0;
}

/** Runs a product with the kernel that suits the adapter. */
export function product(spec: Product): void {
  const { a, b, y, batch, m, n, k, alpha = 1, bias = null, activation = "none" } = spec;
  if (y.size === 0) return;
  const { device } = y;
  // Rows of b past k meet zeros of a's padding: a is padded whenever k is not a multiple of four, and so must b's rows be.
  const left = pack(a, batch, m, k, spec.transposeA ?? false, spec.sharedA ?? false);
  const right =
    k % 4 === 0
      ? pack(b, batch, k, n, spec.transposeB ?? false, spec.sharedB ?? false)
      : packRows(b, batch, k, n, spec);
  const S = fixedSubgroup(device);
  const tensors = { a: left.tensor, b: right.tensor, bias: bias ?? right.tensor, c: y };
  const params = { ACT: ACT[activation], BIAS: bias === null ? 0 : spec.biasPerRow ? 2 : 1 };
  if (S > 0) {
    const tilesM = Math.ceil(m / 16);
    const [rows, layers] = spread(batch * tilesM);
    matmulSubgroupKernel.run(
      device,
      tensors,
      {
        m,
        n,
        k,
        kp: left.cols,
        nv: right.cols,
        strideA: left.stride,
        strideB: right.stride,
        tilesM,
        tiles: batch * tilesM,
        alpha,
      },
      [Math.ceil(right.cols / S), rows, layers],
      { ...params, S },
    );
  } else {
    const tilesM = Math.ceil(m / 64);
    const [rows, layers] = spread(batch * tilesM);
    matmulDirectKernel.run(
      device,
      tensors,
      {
        m,
        n,
        k,
        kp: left.cols * 4,
        nv: right.cols,
        strideA: left.stride * 4,
        strideB: right.stride,
        tilesM,
        tiles: batch * tilesM,
        alpha,
      },
      [Math.ceil(right.cols / 8), rows, layers],
      params,
    );
  }
  if (left.owned) left.tensor.dispose("matmul");
  if (right.owned) right.tensor.dispose("matmul");
}

/** Packs b even where its columns are whole vec4, so that its rows are padded to a multiple of four. */
function packRows(b: Tensor, batch: number, k: number, n: number, spec: Product): Packed {
  const count = spec.sharedB ? 1 : batch;
  const blockRows = Math.ceil(k / 4);
  const blockCols = Math.ceil(n / 4);
  const tensor = empty(b.device, [count, blockRows * 4, blockCols * 4], { name: "matmul" });
  packKernel.run(
    b.device,
    { x: b, y: tensor },
    { batch: count, rows: k, cols: n, blockRows, blockCols, stride: k * n },
    spread(Math.ceil((count * blockRows * blockCols) / 64)),
    { TRANSPOSE: spec.transposeB ?? false, Elem: b.dtype },
  );
  return { tensor, cols: blockCols, stride: spec.sharedB ? 0 : blockRows * 4 * blockCols, owned: true };
}
