import { defineKernel, MOST_GROUPS } from "../../kernel/define-kernel";
import type { Operand } from "../../tensor/operand";
import { empty, type Tensor } from "../../tensor/tensor";
import packWgsl from "./pack.wgsl";
import packF32Wgsl from "./pack-f32.wgsl";
import packVec4Wgsl from "./pack-vec4.wgsl";

const uniforms = {
  rows: "u32",
  cols: "u32",
  blockRows: "u32",
  blockCols: "u32",
  panel: "u32",
  shift: "u32",
  first: "u32",
  stride: "u32",
} as const;
const WIDTHS = [64, 16, 4];
export const packKernel = /* @__PURE__ */ defineKernel({
  name: "matmul-pack",
  source: [packF32Wgsl, packWgsl],
  params: { WX: WIDTHS, TRANSPOSE: [false, true], Elem: ["f32", "f16"] },
  uniforms,
});
/** For sources whose rows are whole vec4. */
export const packVec4Kernel = /* @__PURE__ */ defineKernel({
  name: "matmul-pack-vec4",
  source: [packVec4Wgsl, packWgsl],
  params: { WX: WIDTHS, TRANSPOSE: [false, true], Elem: ["vec4f", "vec4h"] },
  uniforms,
});

/** The widest workgroup that wastes little of a source row of `blocks` blocks: the wider, the longer the stretches it reads. */
function widthFor(blocks: number): number {
  return WIDTHS.find((width) => Math.ceil(blocks / width) * width <= 1.15 * blocks) ?? WIDTHS[WIDTHS.length - 1];
}

/** A matrix, or a batch of them, as the kernels read it. */
export interface Packed {
  operand: Operand;
  /** Columns in vec4, padding included. */
  cols: number;
  /** Vec4 between matrices. */
  stride: number;
  /** Vec4 between panels, and between rows of a panel. */
  tile: number;
  step: number;
  /** The copy, if there is one: the caller disposes it. */
  copy: Tensor | null;
}

/** How {@link pack} finds a matrix, and how it is wanted. */
export interface Layout {
  batch: number;
  rows: number;
  cols: number;
  transposed: boolean;
  /** One matrix for the whole batch. */
  shared: boolean;
  /** Width of the panels in vec4, a power of two; 0 for plain rows. */
  panel: number;
  /** Copy even where plain rows would do, so that rows are padded to a multiple of four. */
  padRows: boolean;
  /** Bytes to keep free behind the last panel. */
  slack?: number;
}

/** A matrix as the kernels want it: whole vec4, f32, plain or in panels. Costs a copy only when it is stored otherwise. */
export function pack(x: Operand, layout: Layout): Packed {
  const { batch, rows, cols, transposed, shared, panel, padRows, slack = 0 } = layout;
  const least = Math.ceil(cols / 4);
  if (!transposed && cols % 4 === 0 && x.dtype === "f32" && !panel && !padRows) {
    return { operand: x, cols: least, stride: shared ? 0 : rows * least, tile: 0, step: least, copy: null };
  }
  const count = shared ? 1 : batch;
  const width = panel || least;
  const blockCols = Math.ceil(least / width) * width;
  const blockRows = Math.ceil(rows / 4);
  const copy = empty(x.device, [count * blockRows * blockCols * 16 + slack / 4], { name: "matmul" });
  // A shift of 31 leaves columns as they are.
  const shift = panel ? Math.log2(panel) : 31;
  const scalars = { rows, cols, blockRows, blockCols, panel: width, shift, stride: rows * cols };
  const [across, down] = transposed ? [blockRows, blockCols] : [blockCols, blockRows];
  const tensors = { x, y: copy };
  const WX = widthFor(across);
  for (let first = 0; first < count; first += MOST_GROUPS) {
    const layers = Math.min(MOST_GROUPS, count - first);
    const groups = [Math.ceil(across / WX), Math.ceil((down * WX) / 64), layers] as const;
    const uniforms = { ...scalars, first };
    if ((transposed ? rows : cols) % 4 === 0) {
      const Elem = x.dtype === "f16" ? "vec4h" : "vec4f";
      packVec4Kernel.run(x.device, tensors, uniforms, groups, { WX, TRANSPOSE: transposed, Elem });
    } else packKernel.run(x.device, tensors, uniforms, groups, { WX, TRANSPOSE: transposed, Elem: x.dtype });
  }
  const stride = shared ? 0 : blockRows * 4 * blockCols;
  return { operand: copy, cols: blockCols, stride, tile: blockRows * 4 * width, step: width, copy };
}
