import { type Bindable, defineKernel, spread } from "../../kernel/define-kernel";
import activateWgsl from "../../kernel/lib/activate.wgsl";
import erfWgsl from "../../kernel/lib/erf.wgsl";
import { BYTES } from "../../tensor/dtype";
import type { Tensor } from "../../tensor/tensor";
import panelsWgsl from "./matmul-panels.wgsl";
import { pack } from "./pack";
import putWgsl from "./put.wgsl";
import { epilogue, type Product, productFlops } from "./spec";

/** The subgroup size that the kernel is written for. */
export const PANEL_LANES = 8;
/** Rows and columns of the result that a subgroup owns. */
const ROWS = 64;
const COLUMNS = 32;
/** Below this many columns of the result, putting a in panels costs more than it saves. */
const LEAST_COLUMNS = 256;
/** Rows of a part of `a` or `y` that start where a binding may: multiples of 256 bytes, whatever their width and type. */
const ALIGNED_ROWS = 128;
/** Bytes of `a` that are copied at a time. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Rows of the last panel that may be padding, as a share of all. */
const WASTE = 0.15;

export const matmulPanelsKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-panels",
  source: [erfWgsl, activateWgsl, putWgsl, panelsWgsl],
  uniforms: {
    m: "u32",
    n: "u32",
    pairs: "u32",
    strideA: "u32",
    strideB: "u32",
    aTile: "u32",
    bTile: "u32",
    tilesM: "u32",
    tiles: "u32",
    alpha: "f32",
    bias: "u32",
    act: "u32",
  },
});

/** Whether a product is large enough to be worth both copies. */
export function panelsTake({ m, n, k }: Product): boolean {
  const padding = Math.ceil(m / ROWS) * ROWS - m;
  return n >= LEAST_COLUMNS && k >= 16 && padding <= WASTE * m;
}

/** Rows `start` to `start + count` of a matrix, as a binding. */
function rowsOf(x: Tensor, start: number, count: number, width: number): Bindable {
  const { buffer } = x.binding;
  const bytes = width * BYTES[x.dtype];
  return { binding: { buffer, offset: start * bytes, size: Math.max(16, Math.ceil((count * bytes) / 16) * 16) } };
}

/**
 * How many rows of `a` are copied at a time: all, or as many as {@link PIECE_BYTES} hold. A whole copy of a large `a` would be most of
 * a product's memory, and leave the caches before it is read.
 */
function pieceRows({ batch, m, k, transposeA = false, biasPerRow = false }: Product): number {
  const most = Math.max(ALIGNED_ROWS, Math.floor(PIECE_BYTES / (k * 4 * ALIGNED_ROWS)) * ALIGNED_ROWS);
  return batch > 1 || transposeA || biasPerRow || m <= most ? m : most;
}

/** A product with both operands copied into panels, for subgroups of {@link PANEL_LANES}. */
export function productPanels(spec: Product): void {
  const { a, b, y, batch, m, n, k, bias = null } = spec;
  const right = pack(b, {
    batch,
    rows: k,
    cols: n,
    transposed: spec.transposeB ?? false,
    shared: spec.sharedB ?? false,
    panel: COLUMNS / 4,
    padRows: true,
  });
  const piece = pieceRows(spec);
  for (let start = 0; start < m; start += piece) {
    const count = Math.min(piece, m - start);
    const layout = {
      batch,
      rows: k,
      cols: count,
      transposed: !(spec.transposeA ?? false),
      shared: spec.sharedA ?? false,
      panel: ROWS / 4,
      padRows: true,
    };
    const whole = count === m;
    const left = pack(a, layout, whole ? a : rowsOf(a, start, count, k));
    const tilesM = Math.ceil(count / ROWS);
    const tiles = batch * tilesM;
    const [rows, layers] = spread(tiles);
    matmulPanelsKernel.run(
      y.device,
      { a: left.tensor, b: right.tensor, bias: bias ?? right.tensor, c: whole ? y : rowsOf(y, start, count, n) },
      {
        m: count,
        n,
        pairs: Math.ceil(k / 4) * 2,
        strideA: left.stride,
        strideB: right.stride,
        aTile: left.tile,
        bTile: right.tile,
        tilesM,
        tiles,
        ...epilogue(spec),
      },
      [Math.ceil(n / COLUMNS), rows, layers],
      {},
      productFlops(spec, count),
    );
    if (left.owned) left.tensor.dispose("matmul");
  }
  if (right.owned) right.tensor.dispose("matmul");
}
