import { ShapeError } from "../../errors";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { elementGrid } from "../../kernel/lib/grid";
import { show } from "../../tensor/shape";
import type { Tensor } from "../../tensor/tensor";
import stridedCopyWgsl from "./strided-copy.wgsl";
import transposeWgsl from "./transpose.wgsl";
import transposeAnyWgsl from "./transpose-any.wgsl";

export const stridedCopyKernel = /* @__PURE__ */ defineKernel({
  name: "strided-copy",
  source: [stridedCopyWgsl],
  params: { WG: [64], RANK: [6, 5, 4, 3, 2, 1], Elem: ["u32", "vec4u"] },
  uniforms: {
    count: "u32",
    per: "u32",
    base: "u32",
    d1: "u32",
    d2: "u32",
    d3: "u32",
    d4: "u32",
    d5: "u32",
    s0: "u32",
    s1: "u32",
    s2: "u32",
    s3: "u32",
    s4: "u32",
    s5: "u32",
  },
});
const transposeUniforms = { batch: "u32", rows: "u32", cols: "u32", tilesR: "u32", tilesC: "u32" } as const;
export const transposeKernel = /* @__PURE__ */ defineKernel({
  name: "transpose",
  source: [transposeWgsl],
  uniforms: transposeUniforms,
});
export const transposeAnyKernel = /* @__PURE__ */ defineKernel({
  name: "transpose-any",
  source: [transposeAnyWgsl],
  uniforms: transposeUniforms,
});

interface Axis {
  size: number;
  stride: number;
}

/** Joins neighbouring axes that move as one. */
function fold(sizes: readonly number[], strides: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  sizes.forEach((size, i) => {
    if (size === 1) return;
    const last = axes[axes.length - 1];
    if (last && last.stride === strides[i] * size) {
      last.size *= size;
      last.stride = strides[i];
    } else axes.push({ size, stride: strides[i] });
  });
  return axes;
}

/**
 * Writes y, in order, with x's elements at `base + coordinate . strides`: permutations, broadcasts and slices of 4-byte types.
 * Swapping the last two dimensions takes a tiled kernel that is coalesced on both sides.
 * @param sizes y's sizes; `strides` x's strides along them, 0 to repeat
 */
export function stridedCopy(
  op: string,
  x: Tensor,
  y: Tensor,
  sizes: readonly number[],
  strides: readonly number[],
  base = 0,
): void {
  if (y.size === 0) return;
  const axes = fold(sizes, strides);
  if (axes.length > 6)
    throw new ShapeError(op, `too many dimensions. Got ${show(sizes)}. Expected at most 6 after joining neighbours.`);
  if (base === 0 && transpose(x, y, axes)) return;
  const inner = axes[axes.length - 1] ?? { size: 1, stride: 1 };
  const outer = axes.slice(0, -1);
  const vec = inner.stride === 1 && base % 4 === 0 && inner.size % 4 === 0 && outer.every((a) => a.stride % 4 === 0);
  const width = vec ? 4 : 1;
  const rank = Math.max(1, axes.length);
  const size = [1, 1, 1, 1, 1, 1];
  const stride = [0, 0, 0, 0, 0, 0];
  outer.forEach((a, i) => {
    size[6 - rank + i] = a.size;
    stride[6 - rank + i] = a.stride / width;
  });
  const count = y.size / width;
  const { per, groups } = elementGrid(y.device, count);
  stridedCopyKernel.run(
    y.device,
    { x, y },
    {
      count,
      per,
      base: base / width,
      d1: size[1],
      d2: size[2],
      d3: size[3],
      d4: size[4],
      d5: inner.size / width,
      s0: stride[0],
      s1: stride[1],
      s2: stride[2],
      s3: stride[3],
      s4: stride[4],
      s5: inner.stride,
    },
    groups,
    { RANK: rank, Elem: vec ? "vec4u" : "u32" },
  );
}

/** Runs the tiled kernel if the axes are [B, C, R] read from [B, R, C], with sides worth a tile. */
function transpose(x: Tensor, y: Tensor, axes: Axis[]): boolean {
  if (axes.length < 2 || axes.length > 3) return false;
  const [c, r] = axes.slice(-2);
  const batch = axes.length === 3 ? axes[0] : { size: 1, stride: r.size * c.size };
  if (c.stride !== 1 || r.stride !== c.size || batch.stride !== r.size * c.size || Math.min(r.size, c.size) < 4)
    return false;
  const [tilesR, tilesC] = [Math.ceil(r.size / 32), Math.ceil(c.size / 32)];
  const groups = spread(batch.size * tilesR * tilesC);
  if (r.size % 4 === 0 && c.size % 4 === 0)
    transposeKernel.run(
      y.device,
      { x, y },
      { batch: batch.size, rows: r.size / 4, cols: c.size / 4, tilesR, tilesC },
      groups,
    );
  else
    transposeAnyKernel.run(
      y.device,
      { x, y },
      { batch: batch.size, rows: r.size, cols: c.size, tilesR, tilesC },
      groups,
    );
  return true;
}
