import type { Device } from "../../device/device";
import { defineKernel, type Kernel, spread } from "../../kernel/define-kernel";
import activateWgsl from "../../kernel/lib/activate.wgsl";
import erfWgsl from "../../kernel/lib/erf.wgsl";
import { tunedFor } from "../../kernel/tuning";
import { empty } from "../../tensor/tensor";
import matrixWgsl from "./matmul-matrix.wgsl";
import unitsWgsl from "./matrix-units.wgsl";
import rowScaleWgsl from "./row-scale.wgsl";
import { epilogue, type Product, productFlops, tileUniforms } from "./spec";

const spec = {
  params: { TM: [128, 64], TN: [128, 64], BK: [32, 64], WG: [256, 128], TB: [true, false] },
  variants: () => [true, false].map((TB) => ({ TM: 64, TN: 64, BK: 32, WG: 128, TB })),
  uniforms: tileUniforms,
} as const;

export const matmulMatrixKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-matrix",
  source: [erfWgsl, activateWgsl, unitsWgsl, matrixWgsl],
  ...spec,
});
export const rowScaleKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-row-scale",
  source: [rowScaleWgsl],
  params: { WG: [64] },
  uniforms: { rows: "u32", width: "u32" },
});

/** The kernel with other functions in place of the matrix units: `units` declares what `matrix-units.wgsl` does. */
export function matrixKernelOn(units: string, rewrite: (source: string) => string): Kernel<typeof spec.uniforms> {
  return defineKernel({
    name: "matmul-matrix-on",
    source: [erfWgsl, activateWgsl, units, rewrite(matrixWgsl)],
    ...spec,
  });
}

/** Sizes of a workgroup's tile: rows, columns, steps of the inner dimension, lanes. */
export type MatrixTile = { TM: number; TN: number; BK: number; WG: number };

/** Bytes of workgroup memory that a tile takes. */
export function matrixTileBytes({ TM, TN, BK, WG }: MatrixTile, transposeB: boolean): number {
  const b = transposeB ? TN * (BK + 8) : BK * (TN + 8);
  return 2 * (TM * (BK + 8) + b) + (WG / 32) * 16 * 20 * 4;
}

/** The tiles that the kernel is written for: whole fragments for every subgroup. */
export function allMatrixTiles(): MatrixTile[] {
  return [
    { TM: 128, TN: 128, BK: 32, WG: 256 },
    { TM: 128, TN: 128, BK: 64, WG: 256 },
    { TM: 128, TN: 128, BK: 32, WG: 128 },
    { TM: 128, TN: 64, BK: 32, WG: 128 },
    { TM: 64, TN: 128, BK: 32, WG: 128 },
    { TM: 64, TN: 64, BK: 64, WG: 128 },
    { TM: 64, TN: 64, BK: 32, WG: 128 },
  ];
}

/** Whether a tile fits the device's limits. */
export function matrixFits({ limits }: Device, tile: MatrixTile, transposeB: boolean): boolean {
  return (
    matrixTileBytes(tile, transposeB) <= limits.maxComputeWorkgroupStorageSize &&
    tile.WG <= Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX)
  );
}

/** Whether the adapter has the units that the kernel is written for: 16 x 16 x 16, f16 in, f32 sums, subgroups of 32. */
export function hasMatrixUnits({ abilities }: Device): boolean {
  const { f16, subgroupMatrix, subgroupMinSize, subgroupMaxSize } = abilities;
  return f16 && subgroupMatrix && subgroupMinSize === 32 && subgroupMaxSize === 32;
}

/** Whether the kernel takes these operands: b stored f16 (frozen weights), a in f32 as it stands, lines of whole vec4. */
export function matrixTakes({ a, b, n, k, transposeA }: Product): boolean {
  return b.dtype === "f16" && a.dtype === "f32" && !transposeA && n % 4 === 0 && k % 4 === 0;
}

/**
 * Runs a product on the matrix units: `a` is rounded to f16 relative to each row's largest magnitude, sums are f32.
 * @param tile sizes to use instead of the tuning table's, for sweeps
 */
export function productMatrix(product: Product, tile?: MatrixTile, kernel = matmulMatrixKernel): void {
  const { a, b, y, batch, m, n, k, sharedA = false, sharedB = false, transposeB = false } = product;
  const { device } = y;
  const sizes =
    tile ??
    tunedFor<MatrixTile>(device, "matmul-matrix", { m: batch * m, n, k }, (it) => matrixFits(device, it, transposeB));
  const rows = (sharedA ? 1 : batch) * m;
  const scale = empty(device, [rows], { name: "matmul" });
  rowScaleKernel.run(device, { x: a, scale }, { rows, width: k / 4 }, spread(rows));
  const tilesM = Math.ceil(m / sizes.TM);
  const [lines, layers] = spread(batch * tilesM);
  kernel.run(
    device,
    { a, b, scale, bias: product.bias ?? scale, c: y },
    {
      m,
      n,
      k,
      strideA: sharedA ? 0 : (m * k) / 4,
      strideB: sharedB ? 0 : (k * n) / 4,
      tilesM,
      tiles: batch * tilesM,
      ...epilogue(product),
    },
    [Math.ceil(n / sizes.TN), lines, layers],
    { ...sizes, TB: transposeB },
    productFlops(product, m),
  );
  scale.dispose("matmul");
}
