import { defineKernel, spread } from "../../kernel/define-kernel";
import activateWgsl from "../../kernel/lib/activate.wgsl";
import erfWgsl from "../../kernel/lib/erf.wgsl";
import quadLibWgsl from "../../kernel/lib/quad.wgsl";
import { QUAD_TILE } from "../../kernel/narrow-subgroup";
import type { Operand } from "../../tensor/operand";
import type { Tensor } from "../../tensor/tensor";
import quadWgsl from "./matmul-quad.wgsl";
import { pack } from "./pack";
import putWgsl from "./put.wgsl";
import quadF32Wgsl from "./quad-f32.wgsl";
import quadVec4Wgsl from "./quad-vec4.wgsl";
import { epilogue, type Product, productFlops, tailUniforms } from "./spec";

const params = { TA: [false, true], TB: [false, true] };
const uniforms = {
  m: "u32",
  n: "u32",
  steps: "u32",
  rowA: "u32",
  rowB: "u32",
  strideA: "u32",
  strideB: "u32",
  ...tailUniforms,
} as const;
export const matmulQuadKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-quad",
  source: [quadLibWgsl, erfWgsl, activateWgsl, putWgsl, quadF32Wgsl, quadWgsl],
  params: { ...params, Elem: ["f32"] },
  uniforms,
});
/** For results of whole vec4 without an activation or a bias by row: a shorter end. */
export const matmulQuadVec4Kernel = /* @__PURE__ */ defineKernel({
  name: "matmul-quad-vec4",
  source: [quadLibWgsl, quadVec4Wgsl, quadWgsl],
  params: { ...params, Elem: ["vec4f"] },
  uniforms,
});

/** A matrix as the kernel reads it. */
interface Matrix {
  operand: Operand;
  /** It lies the other way round. */
  turned: boolean;
  /** Row length and distance between matrices, in vec4. */
  row: number;
  stride: number;
  copy: Tensor | null;
}

/**
 * A matrix that is wanted as rows x cols, and is stored so, or [cols, rows] if `transposed`: as it lies where its rows are whole vec4,
 * else a copy.
 * @param depth terms of the product, which the kernel takes in fours
 */
function matrix(
  x: Operand,
  batch: number,
  rows: number,
  cols: number,
  depth: number,
  transposed: boolean,
  shared: boolean,
): Matrix {
  const across = transposed ? rows : cols;
  if (x.dtype === "f32" && depth % 4 === 0 && across % 4 === 0) {
    const stride = shared ? 0 : (rows * cols) / 4;
    return { operand: x, turned: transposed, row: across / 4, stride, copy: null };
  }
  // Rows of b past the last term meet zeros of a's padding.
  const padRows = depth % 4 !== 0;
  const packed = pack(x, { batch, rows, cols, transposed, shared, panel: 0, padRows });
  return { operand: packed.operand, turned: false, row: packed.cols, stride: packed.stride, copy: packed.copy };
}

/** A product on quads of lanes, with both operands as they lie wherever they have whole vec4. */
export function productQuad(spec: Product): void {
  const { a, b, y, batch, m, n, k, bias = null } = spec;
  const left = matrix(a, batch, m, k, k, spec.transposeA ?? false, spec.sharedA ?? false);
  const right = matrix(b, batch, k, n, k, spec.transposeB ?? false, spec.sharedB ?? false);
  const tilesM = Math.ceil(m / QUAD_TILE);
  const tiles = batch * tilesM;
  const scalars = {
    m,
    n,
    steps: Math.ceil(k / 4),
    rowA: left.row,
    rowB: right.row,
    strideA: left.stride,
    strideB: right.stride,
    tilesM,
    tiles,
    ...epilogue(spec),
  };
  const tensors = { a: left.operand, b: right.operand, bias: bias ?? right.operand, c: y };
  const groups = [Math.ceil(n / QUAD_TILE), ...spread(tiles)] as const;
  const whole = n % 4 === 0 && scalars.act === 0 && scalars.bias !== 2;
  const kernel = whole ? matmulQuadVec4Kernel : matmulQuadKernel;
  kernel.run(y.device, tensors, scalars, groups, { TA: left.turned, TB: right.turned }, productFlops(spec, m));
  for (const { copy } of [left, right]) copy?.dispose("matmul");
}
