import { reduceSum } from "../../autograd/reduce-sum";
import { KernelError, ShapeError } from "../../errors";
import { defineKernel, spread } from "../../kernel/define-kernel";
import elemWgsl from "../../kernel/lib/elem.wgsl";
import { PLAIN_PARAMS, type RowFamily, rowPlan, SUBGROUP_PARAMS, WALK_PARAMS } from "../../kernel/lib/row-plan";
import rowReduceWgsl from "../../kernel/lib/row-reduce.wgsl";
import { defineOp } from "../../op/define-op";
import { type Shape, show } from "../../tensor/shape";
import { empty, Tensor, zeros } from "../../tensor/tensor";
import { layerNormRef } from "./layer-norm.ref";
import gradPlainWgsl from "./layer-norm-grad-plain.wgsl";
import gradSubgroupWgsl from "./layer-norm-grad-subgroup.wgsl";
import gradWalkWgsl from "./layer-norm-grad-walk.wgsl";
import paramsWgsl from "./layer-norm-params.wgsl";
import plainWgsl from "./layer-norm-plain.wgsl";
import subgroupWgsl from "./layer-norm-subgroup.wgsl";
import walkWgsl from "./layer-norm-walk.wgsl";

const sizes = { rows: "u32", width: "u32", per: "u32", cols: "u32" } as const;

/** Forward kernels by family. */
export const layerNormKernels = {
  subgroup: /* @__PURE__ */ defineKernel({
    name: "layer-norm-subgroup",
    source: [elemWgsl, subgroupWgsl],
    params: SUBGROUP_PARAMS,
    uniforms: { ...sizes, eps: "f32" },
  }),
  walk: /* @__PURE__ */ defineKernel({
    name: "layer-norm-walk",
    source: [elemWgsl, walkWgsl],
    params: WALK_PARAMS,
    uniforms: { ...sizes, eps: "f32" },
  }),
  plain: /* @__PURE__ */ defineKernel({
    name: "layer-norm-plain",
    source: [elemWgsl, rowReduceWgsl, plainWgsl],
    params: PLAIN_PARAMS,
    uniforms: { ...sizes, eps: "f32" },
  }),
};
/** Kernels of dx by family. */
export const layerNormGradKernels = {
  subgroup: /* @__PURE__ */ defineKernel({
    name: "layer-norm-grad-subgroup",
    source: [elemWgsl, gradSubgroupWgsl],
    params: SUBGROUP_PARAMS,
    uniforms: sizes,
  }),
  walk: /* @__PURE__ */ defineKernel({
    name: "layer-norm-grad-walk",
    source: [elemWgsl, gradWalkWgsl],
    params: WALK_PARAMS,
    uniforms: sizes,
  }),
  plain: /* @__PURE__ */ defineKernel({
    name: "layer-norm-grad-plain",
    source: [elemWgsl, rowReduceWgsl, gradPlainWgsl],
    params: PLAIN_PARAMS,
    uniforms: sizes,
  }),
};
export const layerNormParamsKernel = /* @__PURE__ */ defineKernel({
  name: "layer-norm-params",
  source: [paramsWgsl],
  params: { WG: [64], Elem: ["vec4f", "f32"] },
  uniforms: { rows: "u32", width: "u32", chunks: "u32", chunk: "u32" },
});

/** Setting of {@link layerNorm} and `layerNorm2d`. */
export interface LayerNormOptions {
  /**
   * Added to the variance. Default: 1e-5 as in PyTorch, 1e-6 for {@link layerNorm2d} as in SAM. SAM's image encoder has 1e-6
   * everywhere, its mask decoder's transformer 1e-5.
   */
  eps?: number;
}

/** @internal An `eps` that works: NaN would turn every value into NaN without a word. */
export function checkEps(op: string, eps: number): number {
  if (typeof eps !== "number" || !(eps >= 0 && eps < Number.POSITIVE_INFINITY))
    throw new KernelError(op, `eps is no number from 0 on. Got ${eps}. Expected a small one, such as 1e-5.`);
  return eps;
}

/** @internal Checks weight and bias against the number of channels. */
export function checkAffine(op: string, c: number, x: Shape, weight: Shape, bias: Shape): void {
  for (const [name, shape] of Object.entries({ weight, bias })) {
    if (shape.length !== 1 || shape[0] !== c)
      throw new ShapeError(op, `${name} has a wrong shape. Got ${show(shape)} for x ${show(x)}. Expected [${c}].`);
  }
}

export const layerNormOp = /* @__PURE__ */ defineOp({
  name: "layerNorm",
  inputs: ["x", "weight", "bias"],
  shape: ({ x, weight, bias }, _: Required<LayerNormOptions> & { family?: RowFamily }) => {
    if (x.length === 0) throw new ShapeError("layerNorm", `x has no dimension. Got ${show(x)}. Expected [..., C].`);
    checkAffine("layerNorm", x[x.length - 1], x, weight, bias);
    return x;
  },
  forward: ({ x, weight, bias }, { eps, family }, y, saving) => {
    if (y.size === 0) return undefined;
    const cols = weight.size;
    const rows = x.size / cols;
    const stats = empty(x.device, [rows, 2]);
    const plan = rowPlan("layerNorm", x.device, rows, cols, family);
    const uniforms = { rows, width: plan.width, per: plan.per, cols, eps };
    layerNormKernels[plan.family].run(x.device, { x, weight, bias, y, stats }, uniforms, plan.groups, plan.params);
    if (saving) return { stats };
    stats.dispose("layerNorm");
    return undefined;
  },
  saves: ["x", "weight", "stats"],
  vjp: ({ x, weight, stats }, dy, { attrs: { family }, needs, shapes }) => {
    const cols = shapes.weight[0];
    const dx = needs.x ? empty(dy.device, shapes.x) : null;
    if (dy.size === 0) return { x: dx, weight: zeros(dy.device, shapes.weight), bias: zeros(dy.device, shapes.bias) };
    const rows = dy.size / cols;
    if (dx) {
      const plan = rowPlan("layerNorm", dy.device, rows, cols, family);
      const uniforms = { rows, width: plan.width, per: plan.per, cols };
      layerNormGradKernels[plan.family].run(
        dy.device,
        { x, weight, stats, dy, dx },
        uniforms,
        plan.groups,
        plan.params,
      );
    }
    if (!needs.weight && !needs.bias) return { x: dx };
    if (!needs.weight)
      return { x: dx, bias: reduceSum(new Tensor(dy.storage, [rows, cols], "f32"), [true, false], [cols]) };
    const vec = cols % 4 === 0;
    const width = vec ? cols / 4 : cols;
    const chunks = Math.min(Math.ceil(rows / 16), Math.ceil(8192 / width));
    const sums = empty(dy.device, [2, chunks, cols]);
    layerNormParamsKernel.run(
      dy.device,
      { x, stats, dy, sums },
      { rows, width, chunks, chunk: Math.ceil(rows / chunks) },
      spread(Math.ceil((width * chunks) / 64)),
      { Elem: vec ? "vec4f" : "f32" },
    );
    const both = reduceSum(sums, [false, true, false], [2, cols]); // [dweight; dbias]
    return { x: dx, ...halves(both, cols, needs) };
  },
  reference: (inputs, attrs) => layerNormRef(inputs, attrs),
});

/** @internal Splits [2, c] into dweight and dbias, each in bytes of its own. */
export function halves(
  both: Tensor,
  c: number,
  needs: { weight: boolean; bias: boolean },
): { weight: Tensor | null; bias: Tensor | null } {
  const take = (row: number) => {
    const half = empty(both.device, [c]);
    both.device.queue.copy(both.storage.block.buffer, half.storage.block.buffer, c * 4, row * c * 4);
    return half;
  };
  return { weight: needs.weight ? take(0) : null, bias: needs.bias ? take(1) : null };
}

/**
 * `(x - mean) / sqrt(variance + eps) * weight + bias` over the last dimension, with the biased variance (PyTorch's
 * `F.layer_norm`). The statistics are taken around the mean, or, where subgroups are narrow, around the row's first element.
 *
 * x [..., C], weight [C], bias [C] -> [..., C]. Gradients of weight and bias are computed only when they are trainable.
 * @throws ShapeError when weight or bias do not match the last dimension; KernelError for an eps that is no number.
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, options: LayerNormOptions = {}): Tensor {
  const { eps = 1e-5 } = options;
  return layerNormOp.apply({ x, weight, bias }, { eps: checkEps("layerNorm", eps) });
}
