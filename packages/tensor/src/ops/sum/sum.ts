import { reduceSum } from "../../autograd/reduce-sum";
import { ShapeError } from "../../errors";
import { defineOp, type Op } from "../../op/define-op";
import { type RefArray, refArray } from "../../op/reference";
import { axisOf, broadcastStrides, type Shape, show, sizeOf } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { affine } from "../binary/affine";
import { stridedCopy } from "../permute/strided-copy";

/** Options of {@link sum} and {@link mean}. */
export interface SumOptions {
  /** Dimensions to add up; all of them where nothing is said. Negative ones count from the end. */
  dims?: readonly number[];
  /** Keep the summed dimensions with size 1. */
  keepdim?: boolean;
}

interface Plan {
  reduced: boolean[];
  /** The result's shape with summed dimensions of size 1. */
  kept: number[];
  out: number[];
  /** Elements added into one. */
  count: number;
}

function plan(op: string, shape: Shape, { dims, keepdim = false }: SumOptions): Plan {
  const reduced = shape.map(() => dims === undefined);
  for (const d of dims ?? []) {
    const at = axisOf(op, d, shape.length, "an entry of dims");
    if (reduced[at])
      throw new ShapeError(
        op,
        `dims names a dimension twice. Got dims ${show(dims ?? [])} for x ${show(shape)}. Expected each at most once.`,
      );
    reduced[at] = true;
  }
  const kept = shape.map((d, i) => (reduced[i] ? 1 : d));
  const out = keepdim ? kept : shape.filter((_, i) => !reduced[i]);
  return { reduced, kept, out, count: sizeOf(shape.filter((_, i) => reduced[i])) };
}

function reference(op: "sum" | "mean", x: RefArray, options: SumOptions): RefArray {
  const { kept, out, count } = plan(op, x.shape, options);
  const y = refArray(out);
  const strides = broadcastStrides(kept, x.shape);
  for (let i = 0; i < x.data.length; i++) {
    let [rest, at] = [i, 0];
    for (let d = x.shape.length - 1; d >= 0; d--) {
      at += (rest % x.shape[d]) * strides[d];
      rest = Math.floor(rest / x.shape[d]);
    }
    y.data[at] += op === "mean" ? x.data[i] / count : x.data[i];
  }
  return y;
}

function define(name: "sum" | "mean"): Op<"x", never, SumOptions> {
  const scale = (count: number) => (name === "mean" ? 1 / count : 1);
  return defineOp({
    name,
    inputs: ["x"],
    shape: ({ x }, options: SumOptions) => plan(name, x, options).out,
    forward: ({ x }, options, y) => {
      const { reduced, count } = plan(name, x.shape, options);
      reduceSum(x, reduced, y.shape, scale(count), y);
      return undefined;
    },
    vjp: (_, dy, { attrs, shapes }) => {
      const { kept, count } = plan(name, shapes.x, attrs);
      const dx = empty(dy.device, shapes.x);
      const scaled = name === "mean" && count !== 1 ? affine(dy, { scale: scale(count) }) : dy;
      stridedCopy(name, scaled, dx, shapes.x, broadcastStrides(kept, shapes.x));
      return { x: dx };
    },
    reference: ({ x }, options) => reference(name, x, options),
  });
}

/** The op definitions, for tests and benches. */
export const sumOp = /* @__PURE__ */ define("sum");
export const meanOp = /* @__PURE__ */ define("mean");

/**
 * Adds up x over `dims` (PyTorch's `sum`); over everything, to a scalar of shape [], where nothing is said. Two runs give the
 * same bits.
 * @throws ShapeError for a dimension out of range or named twice.
 */
export function sum(x: Tensor, options: SumOptions = {}): Tensor {
  return sumOp.apply({ x }, options);
}

/** The mean of x over `dims` (PyTorch's `mean`); see {@link sum}. */
export function mean(x: Tensor, options: SumOptions = {}): Tensor {
  return meanOp.apply({ x }, options);
}
