import { reduceSum } from "../../autograd/reduce-sum";
import { KernelError, ShapeError } from "../../errors";
import { defineOp } from "../../op/define-op";
import { show, sizeOf } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { type Activation, product } from "../matmul/product";
import { ACT } from "../matmul/spec";
import { unaryForward, unaryGrad } from "../unary/unary";
import { linearRef } from "./linear.ref";

/** Options of {@link linear}. */
export interface LinearOptions {
  /** Applied in the product's last step. */
  activation?: Activation;
}

export const linearOp = /* @__PURE__ */ defineOp({
  name: "linear",
  inputs: ["x", "weight"],
  optional: ["bias"],
  dtypes: { weight: ["f32", "f16"] },
  shape: ({ x, weight, bias }, { activation = "none" }: LinearOptions) => {
    if (!Object.hasOwn(ACT, activation))
      throw new KernelError(
        "linear",
        `unknown activation. Got ${activation}. Expected one of ${Object.keys(ACT).join(", ")}.`,
      );
    if (weight.length !== 2)
      throw new ShapeError("linear", `weight is not a matrix. Got ${show(weight)}. Expected [out, in].`);
    const [n, k] = weight;
    if (x.length === 0 || x[x.length - 1] !== k)
      throw new ShapeError(
        "linear",
        `x and weight differ. Got x ${show(x)}, weight ${show(weight)}. Expected x [..., ${k}].`,
      );
    if (bias && (bias.length !== 1 || bias[0] !== n))
      throw new ShapeError("linear", `bias has a wrong shape. Got ${show(bias)}. Expected [${n}].`);
    return [...x.slice(0, -1), n];
  },
  forward: ({ x, weight, bias }, { activation = "none" }, y, saving) => {
    const [n, k] = weight.shape;
    const spec = { a: x, b: weight, batch: 1, m: x.size / k, n, k, transposeB: true, bias };
    if (activation === "none" || !saving) {
      product({ ...spec, y, activation });
      return undefined;
    }
    if (activation === "relu") {
      product({ ...spec, y, activation });
      return { s: y };
    }
    const s = empty(x.device, y.shape); // the derivative of gelu needs what went in
    product({ ...spec, y: s });
    unaryForward("gelu", s, y);
    return { s };
  },
  // dx wants the weight, dweight wants x: with frozen weights the activations between the layers need not stay.
  saves: (needs) => ["s", ...(needs.x ? ["weight"] : []), ...(needs.weight ? ["x"] : [])],
  vjp: ({ x, weight, s }, dy, { attrs: { activation = "none" }, needs, shapes }) => {
    const [n, k] = shapes.weight;
    const m = sizeOf(shapes.x) / k;
    const dz = activation === "none" ? dy : unaryGrad(activation, s, dy);
    const dx = needs.x ? empty(dy.device, shapes.x) : null;
    const dweight = needs.weight ? empty(dy.device, shapes.weight) : null;
    if (dx) product({ a: dz, b: weight, y: dx, batch: 1, m, n: k, k: n });
    if (dweight) product({ a: dz, b: x, y: dweight, batch: 1, m: n, n: k, k: m, transposeA: true });
    const dbias = needs.bias ? reduceSum(dz, [...dz.shape.slice(0, -1).map(() => true), false], [n]) : null;
    return { x: dx, weight: dweight, bias: dbias };
  },
  reference: linearRef,
});

/**
 * `x W^T + b`, then an optional activation (PyTorch's `F.linear`).
 *
 * x [..., in], weight [out, in] (f32, or f16 as frozen storage), bias [out] or null -> [..., out].
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: LinearOptions = {}): Tensor {
  return linearOp.apply({ x, weight, bias }, options);
}
