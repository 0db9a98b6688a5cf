import { ShapeError } from "../errors";
import { defineKernel, spread } from "../kernel/define-kernel";
import { type Shape, show, sizeOf, stridesOf } from "../tensor/shape";
import { empty, type Tensor } from "../tensor/tensor";
import groupWgsl from "./reduce-sum.wgsl";
import lanesWgsl from "./reduce-sum-lanes.wgsl";

const uniforms = {
  outputs: "u32",
  chunks: "u32",
  reduced: "u32",
  chunk: "u32",
  scale: "f32",
  k1: "u32",
  k2: "u32",
  ks0: "u32",
  ks1: "u32",
  ks2: "u32",
  r1: "u32",
  r2: "u32",
  rs0: "u32",
  rs1: "u32",
  rs2: "u32",
} as const;

export const reduceSumKernel = /* @__PURE__ */ defineKernel({
  name: "reduce-sum",
  source: [groupWgsl],
  params: { WG: [64, 128, 256], RUNS: [3, 1] },
  uniforms,
});
export const reduceSumLanesKernel = /* @__PURE__ */ defineKernel({
  name: "reduce-sum-lanes",
  source: [lanesWgsl],
  params: { WG: [64], RUNS: [3, 1] },
  uniforms,
});

interface Run {
  size: number;
  stride: number;
}

/** Joins neighbouring dimensions of the same kind, so that most reductions need one or two. */
function runsOf(shape: Shape, reduced: readonly boolean[], kind: boolean): Run[] {
  const strides = stridesOf(shape);
  const runs: Run[] = [];
  let open = false;
  shape.forEach((size, i) => {
    if (size === 1) return;
    if (reduced[i] !== kind) {
      open = false;
      return;
    }
    const last = runs[runs.length - 1];
    if (open && last) {
      last.size *= size;
      last.stride = strides[i];
    } else runs.push({ size, stride: strides[i] });
    open = true;
  });
  return runs;
}

function three(runs: Run[], shape: Shape): [Run, Run, Run] {
  if (runs.length > 3)
    throw new ShapeError(
      "sum",
      `too many separate groups of dimensions. Got ${show(shape)}. Expected at most 3; permute first.`,
    );
  const one: Run = { size: 1, stride: 0 };
  return [...new Array<Run>(3 - runs.length).fill(one), ...runs] as [Run, Run, Run];
}

/** Sums `x` over the flagged dimensions (size 1 after it) and multiplies by `scale`. f32 only. Writes `y` if given. */
export function reduceSum(
  x: Tensor,
  reduced: readonly boolean[],
  outShape: Shape,
  scale = 1,
  y: Tensor = empty(x.device, outShape),
): Tensor {
  const [k0, k1, k2] = three(runsOf(x.shape, reduced, false), x.shape);
  const [r0, r1, r2] = three(runsOf(x.shape, reduced, true), x.shape);
  const outputs = k0.size * k1.size * k2.size;
  const count = sizeOf(x.shape) === 0 ? 0 : r0.size * r1.size * r2.size;
  if (y.size === 0) return y;
  // Lanes read side by side when the innermost dimension is kept; otherwise a workgroup shares one output.
  const lanes = k2.stride === 1 && k2.size >= 32;
  const wanted = lanes ? Math.ceil(16384 / outputs) : Math.ceil(256 / outputs);
  const chunks = Math.max(1, Math.min(wanted, Math.floor(count / (lanes ? 32 : 1024))));
  const chunk = Math.max(1, Math.ceil(count / chunks));
  const kernel = lanes ? reduceSumLanesKernel : reduceSumKernel;
  const first = chunks > 1 ? empty(x.device, lanes ? [chunks, outputs] : [outputs, chunks]) : y;
  const strides = {
    k1: k1.size,
    k2: k2.size,
    ks0: k0.stride,
    ks1: k1.stride,
    ks2: k2.stride,
    r1: r1.size,
    r2: r2.size,
    rs0: r0.stride,
    rs1: r1.stride,
    rs2: r2.stride,
  };
  const groups = lanes ? Math.ceil((outputs * chunks) / 64) : outputs * chunks;
  kernel.run(
    x.device,
    { x, y: first },
    { outputs, chunks, reduced: count, chunk, scale: chunks > 1 ? 1 : scale, ...strides },
    spread(groups),
    { RUNS: r0.size * r1.size === 1 ? 1 : 3 },
  );
  if (chunks > 1) {
    const across = lanes ? { ks2: 1, rs2: outputs } : { ks2: chunks, rs2: 1 };
    kernel.run(
      x.device,
      { x: first, y },
      {
        outputs,
        chunks: 1,
        reduced: chunks,
        chunk: chunks,
        scale,
        k1: 1,
        k2: outputs,
        ks0: 0,
        ks1: 0,
        ...across,
        r1: 1,
        r2: chunks,
        rs0: 0,
        rs1: 0,
      },
      spread(lanes ? Math.ceil(outputs / 64) : outputs),
      { RUNS: 1 },
    );
    first.dispose();
  }
  return y;
}

/** Sums a gradient over the dimensions that broadcasting had spread, back to `shape`. Returns `dy` itself when nothing was. */
export function reduceTo(dy: Tensor, shape: Shape): Tensor {
  const lead = dy.shape.length - shape.length;
  const reduced = dy.shape.map((d, i) => i < lead || (shape[i - lead] === 1 && d !== 1));
  return reduced.some(Boolean) ? reduceSum(dy, reduced, shape) : dy;
}
