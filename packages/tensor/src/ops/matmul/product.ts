import type { Device } from "../../device/device";
import { defineKernel, spread } from "../../kernel/define-kernel";
import activateWgsl from "../../kernel/lib/activate.wgsl";
import erfWgsl from "../../kernel/lib/erf.wgsl";
import { empty, type Tensor } from "../../tensor/tensor";
import { productFamily } from "./family";
import directWgsl from "./matmul-direct.wgsl";
import subgroupWgsl from "./matmul-subgroup.wgsl";
import { productMatrix } from "./matrix";
import packWgsl from "./pack.wgsl";
import { epilogue, type Product } from "./spec";
import { productTile } from "./tile";

export type { Activation, Product } from "./spec";

const head = { m: "u32", n: "u32", k: "u32", kp: "u32", nv: "u32", strideA: "u32", strideB: "u32" } as const;
const tail = { tilesM: "u32", tiles: "u32", alpha: "f32", bias: "u32", act: "u32" } as const;

export const packKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-pack",
  source: [packWgsl],
  params: { WG: [64], TRANSPOSE: [false, true], Elem: ["f32", "f16"] },
  uniforms: { batch: "u32", rows: "u32", cols: "u32", blockRows: "u32", blockCols: "u32", panel: "u32", stride: "u32" },
});
export const matmulSubgroupKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-subgroup",
  source: [erfWgsl, activateWgsl, subgroupWgsl],
  params: { S: [8, 4], PANELS: [true, false] },
  uniforms: { ...head, bTile: "u32", bStep: "u32", ...tail },
});
export const matmulDirectKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-direct",
  source: [erfWgsl, activateWgsl, directWgsl],
  params: { ElemA: ["f32", "f16"] },
  uniforms: { ...head, ...tail },
});

interface Packed {
  tensor: Tensor;
  /** Columns in vec4, padding included. */
  cols: number;
  /** Vec4 between matrices. */
  stride: number;
  /** Vec4 between panels, and between rows of a panel. */
  tile: number;
  step: number;
  owned: boolean;
}

interface Layout {
  batch: number;
  rows: number;
  cols: number;
  transposed: boolean;
  /** One matrix for the whole batch. */
  shared: boolean;
  /** Width of the panels in vec4; 0 for plain rows. */
  panel: number;
  /** Copy even where plain rows would do, so that rows are padded to a multiple of four. */
  padRows: boolean;
}

/** A matrix as the kernels want it: whole vec4, f32, plain or in panels. Costs a copy only when it is stored otherwise. */
function pack(x: Tensor, { batch, rows, cols, transposed, shared, panel, padRows }: Layout): Packed {
  const least = Math.ceil(cols / 4);
  if (!transposed && cols % 4 === 0 && x.dtype === "f32" && !panel && !padRows) {
    return { tensor: x, cols: least, stride: shared ? 0 : rows * least, tile: 0, step: least, owned: false };
  }
  const count = shared ? 1 : batch;
  const width = panel || least;
  const blockCols = Math.ceil(least / width) * width;
  const blockRows = Math.ceil(rows / 4);
  const tensor = empty(x.device, [count, blockRows * 4, blockCols * 4], { name: "matmul" });
  packKernel.run(
    x.device,
    { x, y: tensor },
    { batch: count, rows, cols, blockRows, blockCols, panel: width, stride: rows * cols },
    spread(Math.ceil((count * blockRows * blockCols) / 64)),
    { TRANSPOSE: transposed, Elem: x.dtype },
  );
  const stride = shared ? 0 : blockRows * 4 * blockCols;
  return { tensor, cols: blockCols, stride, tile: blockRows * 4 * width, step: width, owned: true };
}

/** The subgroup size, when the adapter has exactly one that a kernel is written for; else 0. */
function fixedSubgroup(device: Device): number {
  const { subgroups, subgroupMinSize, subgroupMaxSize } = device.abilities;
  return subgroups && subgroupMinSize === subgroupMaxSize && (subgroupMinSize === 4 || subgroupMinSize === 8)
    ? subgroupMinSize
    : 0;
}

/** Below this many rows of the result, putting b in panels costs more than it saves. */
const PANEL_ROWS = 64;

/** Runs a product with the kernel that suits the adapter. */
export function product(spec: Product): void {
  const { a, b, y, batch, m, n, k, bias = null } = spec;
  if (y.size === 0) return;
  const { device } = y;
  const family = productFamily(spec, fixedSubgroup(device));
  if (family === "tile") {
    productTile(spec);
    return;
  }
  if (family === "matrix") {
    productMatrix(spec);
    return;
  }
  const S = family === "subgroup" ? fixedSubgroup(device) : 0;
  const left = pack(a, {
    batch,
    rows: m,
    cols: k,
    transposed: spec.transposeA ?? false,
    shared: spec.sharedA ?? false,
    panel: 0,
    padRows: false,
  });
  // Rows of b past k meet zeros of a's padding: a is padded whenever k is not a multiple of four, and so must b's rows be.
  const transposed = spec.transposeB ?? false;
  const panel = S > 0 && (transposed || m >= PANEL_ROWS) ? S : 0;
  const right = pack(b, {
    batch,
    rows: k,
    cols: n,
    transposed,
    shared: spec.sharedB ?? false,
    panel,
    padRows: k % 4 !== 0,
  });
  const tensors = { a: left.tensor, b: right.tensor, bias: bias ?? right.tensor, c: y };
  const tilesM = Math.ceil(m / (S > 0 ? 16 : 64));
  const tiles = batch * tilesM;
  const [rows, layers] = spread(tiles);
  const common = {
    m,
    n,
    k,
    nv: right.cols,
    strideB: right.stride,
    tilesM,
    tiles,
    ...epilogue(spec),
  };
  const columns = Math.ceil(n / 4);
  if (S > 0) {
    const uniforms = {
      ...common,
      kp: left.cols,
      strideA: left.stride,
      bTile: panel ? right.tile : S,
      bStep: right.step,
    };
    matmulSubgroupKernel.run(device, tensors, uniforms, [Math.ceil(columns / S), rows, layers], {
      S,
      PANELS: panel > 0,
    });
  } else {
    const uniforms = { ...common, kp: left.cols * 4, strideA: left.stride * 4 };
    matmulDirectKernel.run(device, tensors, uniforms, [Math.ceil(columns / 8), rows, layers]);
  }
  if (left.owned) left.tensor.dispose("matmul");
  if (right.owned) right.tensor.dispose("matmul");
}
