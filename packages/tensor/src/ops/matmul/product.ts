import { defineKernel, spread } from "../../kernel/define-kernel";
import activateWgsl from "../../kernel/lib/activate.wgsl";
import erfWgsl from "../../kernel/lib/erf.wgsl";
import { narrowSubgroup } from "../../kernel/narrow-subgroup";
import { productFamily } from "./family";
import directWgsl from "./matmul-direct.wgsl";
import subgroupWgsl from "./matmul-subgroup.wgsl";
import { productMatrix } from "./matrix";
import { pack } from "./pack";
import { PANEL_LANES, productPanels } from "./panels";
import putWgsl from "./put.wgsl";
import { productQuad } from "./quad";
import { epilogue, type Product, productFlops, tailUniforms } from "./spec";
import { productTile } from "./tile";
import { productWindows } from "./windows";

export type { Activation, Product } from "./spec";

const head = { m: "u32", n: "u32", k: "u32", kp: "u32", nv: "u32", strideA: "u32", strideB: "u32" } as const;

export const matmulSubgroupKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-subgroup",
  source: [erfWgsl, activateWgsl, putWgsl, subgroupWgsl],
  params: { PANELS: [true, false] },
  uniforms: { ...head, bTile: "u32", bStep: "u32", ...tailUniforms },
});
export const matmulDirectKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-direct",
  source: [erfWgsl, activateWgsl, putWgsl, directWgsl],
  params: { ElemA: ["f32", "f16"] },
  uniforms: { ...head, ...tailUniforms },
});

/** Rows of the result that a workgroup owns, as the kernels have them. */
const TILE_ROWS = { subgroup: 16, direct: 64 };

/** Below this many rows of the result, putting b in panels costs more than it saves. */
const PANEL_ROWS = 384;

/** Runs a product with the kernel that suits the adapter. */
export function product(spec: Product): void {
  if (spec.y.size === 0) return;
  const family = productFamily(spec, narrowSubgroup(spec.y.device));
  switch (family) {
    case "quad":
      productQuad(spec);
      break;
    case "windows":
      productWindows(spec);
      break;
    case "panels":
      productPanels(spec);
      break;
    case "tile":
      productTile(spec);
      break;
    case "matrix":
      productMatrix(spec);
      break;
    default:
      productRows(spec, family);
  }
}

/** A product whose `a` is read row by row. */
function productRows(spec: Product, family: "subgroup" | "direct"): void {
  const { a, b, y, batch, m, n, k, bias = null } = spec;
  const { device } = y;
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
  const panel = family === "subgroup" && (transposed || m >= PANEL_ROWS) ? PANEL_LANES : 0;
  const right = pack(b, {
    batch,
    rows: k,
    cols: n,
    transposed,
    shared: spec.sharedB ?? false,
    panel,
    padRows: k % 4 !== 0,
  });
  const tensors = { a: left.operand, b: right.operand, bias: bias ?? right.operand, c: y };
  const tilesM = Math.ceil(m / TILE_ROWS[family]);
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
  if (family === "subgroup") {
    const uniforms = {
      ...common,
      kp: left.cols,
      strideA: left.stride,
      bTile: panel ? right.tile : PANEL_LANES,
      bStep: right.step,
    };
    const groups = [Math.ceil(columns / PANEL_LANES), rows, layers] as const;
    matmulSubgroupKernel.run(device, tensors, uniforms, groups, { PANELS: panel > 0 }, productFlops(spec, m));
  } else {
    const uniforms = { ...common, kp: left.cols * 4, strideA: left.stride * 4 };
    const groups = [Math.ceil(columns / 8), rows, layers] as const;
    matmulDirectKernel.run(device, tensors, uniforms, groups, {}, productFlops(spec, m));
  }
  left.copy?.dispose("matmul");
  right.copy?.dispose("matmul");
}
