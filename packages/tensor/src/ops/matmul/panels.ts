import { defineKernel, spread } from "../../kernel/define-kernel";
import activateWgsl from "../../kernel/lib/activate.wgsl";
import erfWgsl from "../../kernel/lib/erf.wgsl";
import { alignedRows, type Operand, rowsOf } from "../../tensor/operand";
import panelsWgsl from "./matmul-panels.wgsl";
import { type Packed, pack } from "./pack";
import putWgsl from "./put.wgsl";
import { epilogue, type Product, productFlops } from "./spec";
import stepWgsl from "./step.wgsl";

/** The subgroup size that the kernel is written for. */
export const PANEL_LANES = 8;
/** Rows and columns of the result that a subgroup owns. */
const ROWS = 64;
const COLUMNS = 32;
/** Below this many columns of the result, putting a in panels costs more than it saves. */
const LEAST_COLUMNS = 256;
/** Rows that are whole panels of any kernel here. */
const WHOLE_PANELS = 64;
/** Bytes of `a` that are copied at a time. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Rows of the last panel that may be padding, as a share of all. */
const WASTE = 0.15;

export const matmulPanelsKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-panels",
  source: [erfWgsl, activateWgsl, putWgsl, stepWgsl, panelsWgsl],
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

/** How many rows of `a` are copied at a time: all, or as many as `bytes` hold. A whole copy of a large `a` would be most of a product's memory. */
function pieceRows({ a, y, batch, m, n, k, transposeA = false, biasPerRow = false }: Product, bytes: number): number {
  const aligned = Math.max(WHOLE_PANELS, alignedRows(k, a.dtype), alignedRows(n, y.dtype));
  const most = Math.max(aligned, Math.floor(bytes / (k * 4 * aligned)) * aligned);
  return batch > 1 || transposeA || biasPerRow || m <= most ? m : most;
}

/** Puts `b` in panels of `columns` columns. */
export function panelsOfB(spec: Product, columns: number): Packed {
  return pack(spec.b, {
    batch: spec.batch,
    rows: spec.k,
    cols: spec.n,
    transposed: spec.transposeB ?? false,
    shared: spec.sharedB ?? false,
    panel: columns / 4,
    padRows: true,
  });
}

/** A part of `a` in panels, and where its rows of the result go. */
interface Piece {
  left: Packed;
  /** Rows. */
  count: number;
  c: Operand;
  dispose(): void;
}

/** How {@link piecesOfA} lays `a` out: as rows of steps, or with `steps` as steps of rows; `panel` vec4 wide, `slack` bytes behind. */
export interface PanelsOfA {
  steps: boolean;
  panel: number;
  slack?: number;
}

/** Puts `a` in panels, at most `bytes` at a time. */
export function* piecesOfA(spec: Product, bytes: number, { steps, panel, slack }: PanelsOfA): Generator<Piece> {
  const { a, y, batch, m, n, k, transposeA = false, sharedA: shared = false } = spec;
  const piece = pieceRows(spec, bytes);
  for (let start = 0; start < m; start += piece) {
    const count = Math.min(piece, m - start);
    const size = steps ? { rows: k, cols: count } : { rows: count, cols: k };
    const layout = { batch, ...size, transposed: transposeA !== steps, shared, panel, padRows: true, slack };
    const whole = count === m;
    const left = pack(whole ? a : rowsOf(a, start, count, k), layout);
    yield {
      left,
      count,
      c: whole ? y : rowsOf(y, start, count, n),
      dispose: () => left.copy?.dispose("matmul"),
    };
  }
}

/** A product with both operands copied into panels, for subgroups of {@link PANEL_LANES}. */
export function productPanels(spec: Product): void {
  const { y, batch, n, k, bias = null } = spec;
  const right = panelsOfB(spec, COLUMNS);
  for (const { left, count, c, dispose } of piecesOfA(spec, PIECE_BYTES, { steps: true, panel: ROWS / 4 })) {
    const tilesM = Math.ceil(count / ROWS);
    const tiles = batch * tilesM;
    const [rows, layers] = spread(tiles);
    matmulPanelsKernel.run(
      y.device,
      { a: left.operand, b: right.operand, bias: bias ?? right.operand, c },
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
    dispose();
  }
  right.copy?.dispose("matmul");
}
