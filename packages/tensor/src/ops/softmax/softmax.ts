import { ShapeError } from "../../errors";
import { defineKernel } from "../../kernel/define-kernel";
import elemWgsl from "../../kernel/lib/elem.wgsl";
import { PLAIN_PARAMS, type RowFamily, rowPlan, SUBGROUP_PARAMS, WALK_PARAMS } from "../../kernel/lib/row-plan";
import rowReduceWgsl from "../../kernel/lib/row-reduce.wgsl";
import { defineOp } from "../../op/define-op";
import { refArray } from "../../op/reference";
import { show } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import gradPlainWgsl from "./softmax-grad-plain.wgsl";
import gradSubgroupWgsl from "./softmax-grad-subgroup.wgsl";
import gradWalkWgsl from "./softmax-grad-walk.wgsl";
import plainWgsl from "./softmax-plain.wgsl";
import subgroupWgsl from "./softmax-subgroup.wgsl";
import walkWgsl from "./softmax-walk.wgsl";

const uniforms = { rows: "u32", width: "u32", per: "u32" } as const;

/** Forward kernels by family. */
export const softmaxKernels = {
  subgroup: /* @__PURE__ */ defineKernel({
    name: "softmax-subgroup",
    source: [elemWgsl, subgroupWgsl],
    params: SUBGROUP_PARAMS,
    uniforms,
  }),
  walk: /* @__PURE__ */ defineKernel({
    name: "softmax-walk",
    source: [elemWgsl, walkWgsl],
    params: WALK_PARAMS,
    uniforms,
  }),
  plain: /* @__PURE__ */ defineKernel({
    name: "softmax-plain",
    source: [elemWgsl, rowReduceWgsl, plainWgsl],
    params: PLAIN_PARAMS,
    uniforms,
  }),
};
/** Backward kernels by family. */
export const softmaxGradKernels = {
  subgroup: /* @__PURE__ */ defineKernel({
    name: "softmax-grad-subgroup",
    source: [elemWgsl, gradSubgroupWgsl],
    params: SUBGROUP_PARAMS,
    uniforms,
  }),
  walk: /* @__PURE__ */ defineKernel({
    name: "softmax-grad-walk",
    source: [elemWgsl, gradWalkWgsl],
    params: WALK_PARAMS,
    uniforms,
  }),
  plain: /* @__PURE__ */ defineKernel({
    name: "softmax-grad-plain",
    source: [elemWgsl, rowReduceWgsl, gradPlainWgsl],
    params: PLAIN_PARAMS,
    uniforms,
  }),
};

export const softmaxOp = /* @__PURE__ */ defineOp({
  name: "softmax",
  inputs: ["x"],
  shape: ({ x }, _: { family?: RowFamily }) => {
    if (x.length === 0) throw new ShapeError("softmax", `x has no dimension. Got ${show(x)}. Expected [..., C].`);
    return x;
  },
  forward: ({ x }, { family }, y) => {
    if (y.size === 0) return undefined;
    const cols = x.shape[x.shape.length - 1];
    const rows = x.size / cols;
    const plan = rowPlan("softmax", x.device, rows, cols, family);
    softmaxKernels[plan.family].run(
      x.device,
      { x, y },
      { rows, width: plan.width, per: plan.per },
      plan.groups,
      plan.params,
    );
    return undefined;
  },
  saves: ["y"],
  vjp: ({ y }, dy, { attrs: { family } }) => {
    const dx = empty(dy.device, dy.shape);
    if (dx.size === 0) return { x: dx };
    const cols = dy.shape[dy.shape.length - 1];
    const rows = dy.size / cols;
    const plan = rowPlan("softmax", dy.device, rows, cols, family);
    softmaxGradKernels[plan.family].run(
      dy.device,
      { y, dy, dx },
      { rows, width: plan.width, per: plan.per },
      plan.groups,
      plan.params,
    );
    return { x: dx };
  },
  reference: ({ x }) => {
    const cols = x.shape[x.shape.length - 1];
    const y = refArray(x.shape);
    for (let row = 0; row < x.data.length; row += cols) {
      const values = x.data.subarray(row, row + cols);
      const most = values.reduce((a, b) => Math.max(a, b));
      const raised = values.map((v) => Math.exp(v - most));
      const sum = raised.reduce((a, b) => a + b);
      for (let i = 0; i < cols; i++) y.data[row + i] = raised[i] / sum;
    }
    return y;
  },
});

/**
 * `exp(x) / sum exp(x)` over the last dimension, of any length, without overflow (PyTorch's `softmax(x, -1)`).
 *
 * x [..., C] -> [..., C]. A row of nothing but -Infinity gives NaN, as in PyTorch.
 */
export function softmax(x: Tensor): Tensor {
  return softmaxOp.apply({ x }, {});
}
