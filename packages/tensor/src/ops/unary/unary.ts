import { flags } from "../../debug/flags";
import { defineKernel, type Kernel } from "../../kernel/define-kernel";
import erfWgsl from "../../kernel/lib/erf.wgsl";
import { elementGrid } from "../../kernel/lib/grid";
import { defineOp, type Op } from "../../op/define-op";
import { refArray } from "../../op/reference";
import type { Operand } from "../../tensor/operand";
import { empty, type Tensor } from "../../tensor/tensor";
import { UNARY, type UnaryName, type UnaryRow } from "./table";
import unaryWgsl from "./unary.wgsl";
import unaryGradWgsl from "./unary-grad.wgsl";

const spec = { params: { WG: [64] }, uniforms: { count: "u32", per: "u32" } } as const;

type UnaryKernel = Kernel<(typeof spec)["uniforms"]>;
const rows = /* @__PURE__ */ Object.entries(UNARY) as [UnaryName, UnaryRow][];

/** Forward kernels by op name: the one line `fn f` of `unary.wgsl` holds the row's expression. */
export const unaryKernels = /* @__PURE__ */ Object.fromEntries(
  rows.map(([name, { f }]) => [
    name,
    defineKernel({ ...spec, name, source: [erfWgsl, unaryWgsl.replace("{ return x; }", `{ return ${f}; }`)] }),
  ]),
) as Record<UnaryName, UnaryKernel>;
export const unaryGradKernels = /* @__PURE__ */ Object.fromEntries(
  rows.map(([name, { df }]) => [
    name,
    defineKernel({
      ...spec,
      params: { ...spec.params, IN_PLACE: [false, true] },
      name: `${name}-grad`,
      source: [erfWgsl, unaryGradWgsl.replace("{ return s; }", `{ return ${df}; }`)],
    }),
  ]),
) as Record<UnaryName, UnaryKernel>;

/** y = f(x) on existing tensors. */
export function unaryForward(name: UnaryName, x: Operand, y: Operand): void {
  const count = Math.ceil(x.size / 4);
  const { per, groups } = elementGrid(x.device, count);
  unaryKernels[name].run(x.device, { x, y }, { count, per }, groups);
}

/**
 * dy f'(s), where s is the op's saved input or output. A `dy` that nobody else holds is overwritten and returned: an activation's gradient
 * is as large as a block's widest tensor.
 */
export function unaryGrad(name: UnaryName, s: Operand, dy: Tensor): Tensor {
  const inPlace = dy.exclusive && !flags.nan; // which reports what a gradient was made from
  const dx = inPlace ? dy : empty(dy.device, dy.shape);
  const count = Math.ceil(dy.size / 4);
  const { per, groups } = elementGrid(dy.device, count);
  const tensors = { s, dy: inPlace ? s : dy, dx };
  unaryGradKernels[name].run(dy.device, tensors, { count, per }, groups, { IN_PLACE: inPlace });
  return dx;
}

/** The op definitions, for tests and benches. */
export const unaryOps = /* @__PURE__ */ Object.fromEntries(
  rows.map(([name, { saves, ref }]) => [
    name,
    defineOp({
      name,
      inputs: ["x"],
      shape: ({ x }, _: object) => x,
      forward: ({ x }, _, y) => {
        unaryForward(name, x, y);
        return undefined;
      },
      saves: [saves],
      vjp: (saved, dy) => ({ x: unaryGrad(name, saved[saves], dy) }),
      reference: ({ x }) => refArray(x.shape, x.data.map(ref)),
    }),
  ]),
) as Record<UnaryName, Op<"x", never, object>>;

/** `-x`. */
export function neg(x: Tensor): Tensor {
  return unaryOps.neg.apply({ x }, {});
}

/** `max(x, 0)`; its derivative at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return unaryOps.relu.apply({ x }, {});
}

/** `x / 2 (1 + erf(x / sqrt 2))`: the exact form, PyTorch's default. */
export function gelu(x: Tensor): Tensor {
  return unaryOps.gelu.apply({ x }, {});
}

/** `1 / (1 + exp(-x))`, without overflow at either end. */
export function sigmoid(x: Tensor): Tensor {
  return unaryOps.sigmoid.apply({ x }, {});
}

/** `log(1 + exp(x))`, without overflow. */
export function softplus(x: Tensor): Tensor {
  return unaryOps.softplus.apply({ x }, {});
}

/** `e^x`. */
export function exp(x: Tensor): Tensor {
  return unaryOps.exp.apply({ x }, {});
}

/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  return unaryOps.log.apply({ x }, {});
}

/** Square root. */
export function sqrt(x: Tensor): Tensor {
  return unaryOps.sqrt.apply({ x }, {});
}

/** `x^2`. */
export function square(x: Tensor): Tensor {
  return unaryOps.square.apply({ x }, {});
}

/** `|x|`; its derivative at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return unaryOps.abs.apply({ x }, {});
}

/** Hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return unaryOps.tanh.apply({ x }, {});
}
