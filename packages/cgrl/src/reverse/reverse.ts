import { defineKernel, defineOp, empty, refArray, type Shape, show, spread, type Tensor } from "@ama-sam/tensor";
import { CgrlError } from "../errors";
import copyWgsl from "./copy.wgsl";
import reverseWgsl from "./reverse.wgsl";

export const reverseCopyKernel = /* @__PURE__ */ defineKernel({
  name: "gradient-reversal",
  source: [copyWgsl],
  params: { WG: [64, 128, 256] },
  uniforms: { count: "u32" },
});
export const reverseKernel = /* @__PURE__ */ defineKernel({
  name: "gradient-reversal-grad",
  source: [reverseWgsl],
  params: { WG: [64, 128, 256], ALL: [false, true] },
  uniforms: { count: "u32", row: "u32", lambda: "f32" },
});

interface Attrs {
  lambda: number;
}

function copy(x: Tensor, y: Tensor): void {
  reverseCopyKernel.run(x.device, { x, y }, { count: x.size }, spread(Math.ceil(x.size / 256)));
}

function reverse(dy: Tensor, primary: Tensor | null, lambda: number): Tensor {
  const dx = empty(dy.device, dy.shape);
  const row = Math.max(1, dy.size / Math.max(1, dy.shape[0]));
  reverseKernel.run(
    dy.device,
    { dy, primary: primary ?? dy, dx },
    { count: dy.size, row, lambda },
    spread(Math.ceil(dy.size / 64)),
    { ALL: primary === null },
  );
  return dx;
}

function check(op: string, x: Shape, primary: Shape | null, { lambda }: Attrs): void {
  if (!(Number.isFinite(lambda) && lambda >= 0)) throw new CgrlError(op, `lambda is not a number >= 0. Got ${lambda}.`);
  if (x.length === 0) throw new CgrlError(op, "x has no batch dimension. Got a scalar. Expected [B, ...].");
  if (primary && (primary.length !== 1 || primary[0] !== x[0])) {
    throw new CgrlError(
      op,
      `isPrimary does not match the batch. Got isPrimary ${show(primary)} for x ${show(x)}. Expected [${x[0]}], one flag per sample.`,
    );
  }
}

export const cgrlOp = /* @__PURE__ */ defineOp({
  name: "cgrl",
  inputs: ["x", "isPrimary"],
  dtypes: { isPrimary: ["i32"] },
  shape: ({ x, isPrimary }, attrs: Attrs) => {
    check("cgrl", x, isPrimary, attrs);
    return x;
  },
  forward: ({ x }, _, y) => {
    copy(x, y);
    return undefined;
  },
  saves: ["isPrimary"],
  vjp: ({ isPrimary }, dy, { attrs }) => ({ x: reverse(dy, isPrimary, attrs.lambda) }),
  reference: ({ x }) => refArray(x.shape, x.data),
});

export const grlOp = /* @__PURE__ */ defineOp({
  name: "grl",
  inputs: ["x"],
  shape: ({ x }, attrs: Attrs) => {
    check("grl", x, null, attrs);
    return x;
  },
  forward: ({ x }, _, y) => {
    copy(x, y);
    return undefined;
  },
  vjp: (_, dy, { attrs }) => ({ x: reverse(dy, null, attrs.lambda) }),
  reference: ({ x }) => refArray(x.shape, x.data),
});

/**
 * Conditional Gradient Reversal Layer (AMA-SAM eq. 1 and 2): identity forward; backward -lambda dy for auxiliary samples and
 * exactly 0 for primary ones.
 *
 * x [B, ...], isPrimary i32 [B] (1 primary, 0 auxiliary) -> [B, ...]. Throws CgrlError when the flags do not match the batch.
 */
export function cgrl(x: Tensor, isPrimary: Tensor, lambda = 1): Tensor {
  return cgrlOp.apply({ x, isPrimary }, { lambda });
}

/** Gradient Reversal Layer (Ganin and Lempitsky): identity forward, -lambda dy backward for every sample. x [B, ...] -> [B, ...]. */
export function grl(x: Tensor, lambda = 1): Tensor {
  return grlOp.apply({ x }, { lambda });
}

/** Ganin's ramp 2 / (1 + exp(-10 p)) - 1 times `lambda`, for a progress p in [0, 1]. */
export function lambdaRamp(progress: number, lambda = 1): number {
  return lambda * (2 / (1 + Math.exp(-10 * Math.min(1, Math.max(0, progress)))) - 1);
}
