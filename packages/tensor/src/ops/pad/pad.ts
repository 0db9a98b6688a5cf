import { ShapeError } from "../../errors";
import { defineKernel } from "../../kernel/define-kernel";
import { elementGrid } from "../../kernel/lib/grid";
import { defineOp } from "../../op/define-op";
import { refArray } from "../../op/reference";
import { type Shape, show, stridesOf } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { stridedCopy } from "../permute/strided-copy";
import padWgsl from "./pad.wgsl";

const six = ["0", "1", "2", "3", "4", "5"] as const;
type Six<P extends string> = Record<`${P}${(typeof six)[number]}`, "u32">;
const named = <P extends string>(prefix: P) => Object.fromEntries(six.map((i) => [prefix + i, "u32"])) as Six<P>;

export const padKernel = /* @__PURE__ */ defineKernel({
  name: "pad",
  source: [padWgsl],
  params: { WG: [64], RANK: [6, 5, 4, 3, 2, 1], Elem: ["u32", "vec4u"] },
  uniforms: { count: "u32", per: "u32", ...named("d"), ...named("n"), ...named("b") },
});

/** Zeros before and after each dimension, outermost first. */
export type Pads = readonly (readonly [before: number, after: number])[];

interface Axis {
  out: number;
  size: number;
  before: number;
}

/** y = x with zeros around it, on existing tensors; `shape` is x's, so that x may be read under another one. */
export function launchPad(op: string, x: Tensor, shape: Shape, y: Tensor, pads: Pads): void {
  if (y.size === 0) return;
  const axes: Axis[] = [];
  shape.forEach((size, i) => {
    const [before, after] = pads[i];
    const last = axes[axes.length - 1];
    // an axis without zeros of its own moves with the one outside it
    if (last && before === 0 && after === 0) {
      last.out *= size;
      last.size *= size;
      last.before *= size;
    } else axes.push({ out: before + size + after, size, before });
  });
  if (axes.length > 6) throw new ShapeError(op, `too many padded dimensions. Got ${show(shape)}. Expected at most 6.`);
  const inner = axes[axes.length - 1];
  const vec = inner !== undefined && [inner.out, inner.size, inner.before].every((v) => v % 4 === 0);
  const width = vec ? 4 : 1;
  if (vec) for (const key of ["out", "size", "before"] as const) inner[key] /= 4;
  const rank = Math.max(1, axes.length);
  while (axes.length < 6) axes.unshift({ out: 1, size: 1, before: 0 });
  const list = <P extends string>(prefix: P, of: (a: Axis) => number) =>
    Object.fromEntries(axes.map((a, i) => [`${prefix}${i}`, of(a)])) as { [K in keyof Six<P>]: number };
  const count = y.size / width;
  const { per, groups } = elementGrid(y.device, count);
  const uniforms = {
    count,
    per,
    ...list("d", (a) => a.out),
    ...list("n", (a) => a.size),
    ...list("b", (a) => a.before),
  };
  padKernel.run(y.device, { x, y }, uniforms, groups, { RANK: rank, Elem: vec ? "vec4u" : "u32" });
}

export const padOp = /* @__PURE__ */ defineOp({
  name: "pad",
  inputs: ["x"],
  dtypes: { x: ["f32", "i32", "u32"] },
  shape: ({ x }, { pads }: { pads: Pads }) => {
    if (pads.length !== x.length || pads.some((p) => p.length !== 2 || p.some((n) => !Number.isInteger(n) || n < 0)))
      throw new ShapeError(
        "pad",
        `pads do not fit. Got pads ${JSON.stringify(pads)} for x ${show(x)}. Expected [before, after], whole numbers >= 0, for each of the ${x.length} dimensions.`,
      );
    return x.map((d, i) => pads[i][0] + d + pads[i][1]);
  },
  dtype: ({ x }) => x,
  forward: ({ x }, { pads }, y) => {
    launchPad("pad", x, x.shape, y, pads);
    return undefined;
  },
  vjp: (_, dy, { attrs: { pads }, shapes }) => {
    const dx = empty(dy.device, shapes.x);
    const strides = stridesOf(dy.shape);
    const base = strides.reduce((sum, s, i) => sum + s * pads[i][0], 0);
    stridedCopy("pad", dy, dx, shapes.x, strides, base);
    return { x: dx };
  },
  reference: ({ x }, { pads }) => {
    const y = refArray(x.shape.map((d, i) => pads[i][0] + d + pads[i][1]));
    const strides = stridesOf(y.shape);
    for (let i = 0; i < x.data.length; i++) {
      let [rest, at] = [i, 0];
      for (let d = x.shape.length - 1; d >= 0; d--) {
        at += ((rest % x.shape[d]) + pads[d][0]) * strides[d];
        rest = Math.floor(rest / x.shape[d]);
      }
      y.data[at] = x.data[i];
    }
    return y;
  },
});

/**
 * x with zeros around it: `pads[i]` is [before, after] of dimension i, outermost first (PyTorch's `F.pad`, which counts from the
 * last). f32, f16, i32 or u32.
 * @throws ShapeError when `pads` has not one pair of whole numbers >= 0 for every dimension.
 */
export function pad(x: Tensor, pads: Pads): Tensor {
  return padOp.apply({ x }, { pads });
}
