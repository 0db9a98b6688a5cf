import type { Device } from "../../device/device";
import { defineKernel, spread } from "../../kernel/define-kernel";
import activateWgsl from "../../kernel/lib/activate.wgsl";
import erfWgsl from "../../kernel/lib/erf.wgsl";
import tileLibWgsl from "../../kernel/lib/tile.wgsl";
import { piecesOf } from "../../kernel/pieces";
import type { KernelParams } from "../../kernel/specialize";
import { tunedFor } from "../../kernel/tuning";
import type { Operand } from "../../tensor/operand";
import tileWgsl from "./matmul-tile.wgsl";
import { epilogue, type Product, productFlops, tileUniforms } from "./spec";
import storeF32Wgsl from "./store-f32.wgsl";
import storeVec4Wgsl from "./store-vec4.wgsl";

const params = {
  TM: [128, 64, 32],
  TN: [128, 64, 32],
  BK: [8, 16],
  R: [8, 4],
  ROLLED: [false, true],
  TA: [false, true],
  TB: [false, true],
  PARTA: [4, 1],
  PARTB: [4, 1],
  ElemA: ["vec4f", "f32", "vec4h"],
  ElemB: ["vec4f", "f32", "vec4h"],
} as const;
const uniforms = { ...tileUniforms, four: "u32", bk: "u32", r: "u32", first: "u32" } as const;

/** Sizes of a workgroup's tile: rows, columns, steps of the inner dimension, rows and columns of a lane. */
export type Tile = { TM: number; TN: number; BK: number; R: number };

/** Lanes of a workgroup. */
export function tileLanes({ TM, TN, R }: Tile): number {
  return (TM / R) * (TN / R);
}

/** Bytes of workgroup memory that a tile takes. */
export function tileBytes({ TM, TN, BK }: Tile): number {
  return 16 * BK * (TM / 4 + 1 + TN / 4 + 1);
}

/** Whether the kernel is written for a tile: at least a subgroup of lanes, and no more than one block of 4 x 4 to bring per lane. */
function isTile(tile: Tile): boolean {
  const lanes = tileLanes(tile);
  return lanes >= 32 && lanes <= 256 && ((tile.TM + tile.TN) * tile.BK) / 16 <= lanes;
}

/** Every tile that the kernel is written for. */
export function allTiles(): Tile[] {
  const { TM, TN, BK, R } = params;
  return TM.flatMap((tm) =>
    TN.flatMap((tn) => BK.flatMap((bk) => R.map((r) => ({ TM: tm, TN: tn, BK: bk, R: r })))),
  ).filter(isTile);
}

/** Every tile that fits everywhere, and every kind of operands on one of them. */
function variants(ElemC: string): KernelParams[] {
  const tiles = allTiles().filter((tile) => tileBytes(tile) <= 16384);
  const flags = [false, true];
  const elems = params.ElemA.map((elem) => ({ elem, part: elem === "f32" ? 1 : 4 }));
  const operands = flags.flatMap((TA) =>
    flags.flatMap((TB) =>
      elems.flatMap((a) =>
        elems.map((b) => ({ TA, TB, ElemA: a.elem, PARTA: a.part, ElemB: b.elem, PARTB: b.part, ElemC })),
      ),
    ),
  );
  return [...tiles.map((tile) => ({ ...tile, ElemC })), ...operands, { ROLLED: true, ElemC }];
}

export const matmulTileKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-tile",
  source: [erfWgsl, activateWgsl, storeVec4Wgsl, tileLibWgsl, tileWgsl],
  params: { ...params, ElemC: ["vec4f"] },
  variants: () => variants("vec4f"),
  uniforms,
});
/** The same for results whose rows are not whole vec4. */
export const matmulTileOddKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-tile-odd",
  source: [erfWgsl, activateWgsl, storeF32Wgsl, tileLibWgsl, tileWgsl],
  params: { ...params, ElemC: ["f32"] },
  variants: () => variants("f32"),
  uniforms,
});

/** Whether a tile fits the device's limits. */
export function tileFits(device: Device, tile: Tile): boolean {
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX } = device.limits;
  const lanes = tileLanes(tile);
  return (
    tileBytes(tile) <= maxComputeWorkgroupStorageSize &&
    lanes <= Math.min(maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX)
  );
}

/** Elements of an operand's line, contiguous in storage. */
const lineOfA = ({ m, k, transposeA }: Product) => (transposeA ? m : k);
const lineOfB = ({ n, k, transposeB }: Product) => (transposeB ? k : n);

/** Whether the kernel reads the operands as they are stored: f16 only in whole vec4. */
export function tileTakes(spec: Product): boolean {
  return (spec.a.dtype === "f32" || lineOfA(spec) % 4 === 0) && (spec.b.dtype === "f32" || lineOfB(spec) % 4 === 0);
}

/** Element type of an operand whose lines are `line` long, and its parts. */
function elements({ dtype }: Operand, line: number): { elem: string; part: number } {
  if (line % 4 !== 0) return { elem: "f32", part: 1 };
  return { elem: dtype === "f16" ? "vec4h" : "vec4f", part: 4 };
}

/**
 * Runs a product on tiles in workgroup memory. Operands are read as they are stored: no copies.
 * @param tile sizes to use instead of the tuning table's, for sweeps
 */
export function productTile(spec: Product, tile?: Tile): void {
  const { a, b, y, batch, m, n, k, transposeA = false, transposeB = false } = spec;
  const { device } = y;
  const sizes = tile ?? tunedFor<Tile>(device, "matmul-tile", { m: batch * m, n, k }, (it) => tileFits(device, it));
  const { TM, TN } = sizes;
  const tilesM = Math.ceil(m / TM);
  const left = elements(a, lineOfA(spec));
  const right = elements(b, lineOfB(spec));
  const kernel = n % 4 === 0 ? matmulTileKernel : matmulTileOddKernel;
  const tensors = { a, b, bias: spec.bias ?? a, c: y };
  const uniforms = {
    m,
    n,
    k,
    strideA: spec.sharedA ? 0 : m * k,
    strideB: spec.sharedB ? 0 : k * n,
    tilesM,
    ...epilogue(spec),
    four: 4,
    bk: sizes.BK,
    r: sizes.R,
  };
  const params = {
    ...sizes,
    ROLLED: device.info.kind === "software",
    TA: transposeA,
    TB: transposeB,
    PARTA: left.part,
    PARTB: right.part,
    ElemA: left.elem,
    ElemB: right.elem,
    ElemC: n % 4 === 0 ? "vec4f" : "f32",
  };
  for (const { first, end, flops } of piecesOf(batch * tilesM, productFlops(spec, m))) {
    const [rows, layers] = spread(end - first);
    const groups = [Math.ceil(n / TN), rows, layers] as const;
    kernel.run(device, tensors, { ...uniforms, tiles: end, first }, groups, params, flops);
  }
}
