import { defineKernel, MOST_GROUPS } from "../../kernel/define-kernel";
import { empty, type Tensor } from "../../tensor/tensor";
import packWgsl from "./attention-pack.wgsl";
import type { Heads, Strides } from "./heads";

export const attentionPackKernel = /* @__PURE__ */ defineKernel({
  name: "attention-pack",
  source: [packWgsl],
  uniforms: {
    heads: "u32",
    first: "u32",
    dv: "u32",
    h: "u32",
    w: "u32",
    wp: "u32",
    shift: "u32",
    tiles: "u32",
    steps: "u32",
    offset: "u32",
    batch: "u32",
    head: "u32",
    row: "u32",
    start: "u32",
    scale: "f32",
  },
});

/** Lanes of a subgroup that the tiles are for: S in WGSL. */
export const LANES = 8;

/** How the rows of a head fall into tiles of 4 S: lines of a grid, padded so that tiles and lines fit into each other. */
export interface Tiling {
  h: number;
  w: number;
  /** Line length with padding: a divisor or a multiple of 4 S. */
  wp: number;
  /** Tiles side by side in a line, and below each other. */
  chunks: number;
  steps: number;
  tiles: number;
  /** Rows of a tile: 4 S. */
  unit: number;
}

/** Tiles of an H x W grid; a plain list of rows is a grid of one line. */
export function tilingOf(h: number, w: number): Tiling {
  const tile = 4 * LANES;
  let wp = Math.ceil(w / tile) * tile;
  if (h > 1) for (let part = tile; part >= Math.max(4, w); part /= 2) wp = part;
  const chunks = Math.max(1, wp / tile);
  const steps = Math.ceil((h * Math.min(wp, tile)) / tile);
  return { h, w, wp, chunks, steps, tiles: chunks * steps, unit: tile };
}

/** One tensor's heads to be copied, times `scale`. */
export interface TilePart {
  x: Tensor;
  layout: Strides;
  offset: number;
  scale: number;
}

/** Copies heads into transposed tiles, [parts, B * A, tiles, D * 4 S]. */
export function packTiles(
  h: Pick<Heads, "batch" | "heads" | "dim">,
  tiling: Tiling,
  parts: readonly TilePart[],
): Tensor {
  const { device } = parts[0].x;
  const count = h.batch * h.heads;
  const y = empty(device, [parts.length, count, tiling.tiles, 4 * LANES * h.dim], { name: "attention" });
  const size = y.size / parts.length;
  const { w, wp, tiles, steps } = tiling;
  parts.forEach(({ x, layout, offset, scale }, i) => {
    const strides = { offset: offset / 4, batch: layout.batch / 4, head: layout.head / 4, row: layout.row / 4 };
    const shift = wp < 4 * LANES ? Math.log2(wp) : 0;
    const sizes = {
      heads: h.heads,
      dv: h.dim / 4,
      h: tiling.h,
      w,
      wp,
      shift,
      tiles,
      steps,
      start: (i * size) / 4,
      scale,
    };
    for (let first = 0; first < count; first += MOST_GROUPS) {
      const groups = [Math.ceil((h.dim * LANES) / 256), tiles, Math.min(MOST_GROUPS, count - first)] as const;
      attentionPackKernel.run(device, { x, y }, { ...sizes, ...strides, first }, groups);
    }
  });
  return y;
}
