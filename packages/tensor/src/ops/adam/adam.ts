import type { Device } from "../../device/device";
import { DTypeError, LifetimeError, ShapeError } from "../../errors";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { sameShape, show } from "../../tensor/shape";
import { Tensor } from "../../tensor/tensor";
import adamWgsl from "./adam.wgsl";
import adamPairWgsl from "./adam-pair.wgsl";
import adamUpdateWgsl from "./adam-update.wgsl";

const rule = {
  beta1: "f32",
  beta2: "f32",
  rest1: "f32",
  rest2: "f32",
  rate: "f32",
  unbias: "f32",
  eps: "f32",
  gradScale: "f32",
} as const;

export const adamKernel = /* @__PURE__ */ defineKernel({
  name: "adam",
  source: [adamUpdateWgsl, adamWgsl],
  params: { WG: [64], SCALED: [false, true] },
  uniforms: { count: "u32", per: "u32", ...rule },
});
export const adamPairKernel = /* @__PURE__ */ defineKernel({
  name: "adam-pair",
  source: [adamUpdateWgsl, adamPairWgsl],
  params: { WG: [64] },
  uniforms: { countA: "u32", countB: "u32", groupsA: "u32", per: "u32", ...rule },
});

/** What {@link adamStep} takes; the four lists go together by position. */
export interface AdamStep {
  params: readonly Tensor[];
  grads: readonly Tensor[];
  /** First moments; zeros before the first step. */
  m: readonly Tensor[];
  /** Second moments; zeros before the first step. */
  v: readonly Tensor[];
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
  /** Number of this step, from 1. */
  step: number;
  /** Multiplies the gradients: a number, or one element on the device (see `clipScale`). Default 1. */
  gradScale?: Tensor | number;
}

function check({ params, grads, m, v, step, gradScale }: AdamStep): Device {
  const lists = { params, grads, m, v };
  const lengths = Object.values(lists).map((l) => l.length);
  if (new Set(lengths).size > 1)
    throw new ShapeError(
      "adamStep",
      `the lists differ in length. Got params ${lengths[0]}, grads ${lengths[1]}, m ${lengths[2]}, v ${lengths[3]}. Expected one of each per parameter.`,
    );
  if (!Number.isInteger(step) || step < 1)
    throw new ShapeError("adamStep", `step is not a step's number. Got ${step}. Expected 1 for the first step.`);
  const { device } = params[0];
  const written = new Set<object>();
  for (const [name, list] of Object.entries(lists)) {
    list.forEach((x, i) => {
      const what = `${name}[${i}]`;
      x.assertAlive("adamStep", what);
      if (x.device !== device)
        throw new LifetimeError(
          "adamStep",
          `${what} lives on another device. Got ${x.device.info.name}. Expected ${device.info.name}, as params[0].`,
        );
      if (x.dtype !== "f32")
        throw new DTypeError("adamStep", `${what} has a wrong type. Got ${x.dtype}. Expected f32.`);
      if (!sameShape(x.shape, params[i].shape))
        throw new ShapeError(
          "adamStep",
          `${what} has a wrong shape. Got ${show(x.shape)}. Expected ${show(params[i].shape)}, as params[${i}].`,
        );
      if (written.has(x.storage))
        throw new LifetimeError(
          "adamStep",
          `${what} shares its bytes with another tensor of the step. Expected every tensor once.`,
        );
      if (name !== "grads") written.add(x.storage);
    });
  }
  if (gradScale instanceof Tensor) {
    gradScale.assertAlive("adamStep", "gradScale");
    if (gradScale.size !== 1 || gradScale.dtype !== "f32")
      throw new ShapeError(
        "adamStep",
        `gradScale is not a scalar. Got ${show(gradScale.shape)} ${gradScale.dtype}. Expected one f32 element.`,
      );
  }
  return device;
}

/**
 * One step of Adam on all parameters, in place and without a graph (PyTorch's `Adam` without decay):
 * `m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; param -= lr mhat / (sqrt(vhat) + eps)`, in f32.
 *
 * Two tensors share a launch, so that a model of 200 tensors costs 100; with a `gradScale` on the device each has its own,
 * because it takes a ninth binding.
 * @throws ShapeError, DTypeError, LifetimeError when the lists do not match by position, or a tensor occurs twice.
 */
export function adamStep(step: AdamStep): void {
  const { params, grads, m, v, lr, beta1, beta2, eps, gradScale = 1 } = step;
  if (params.length === 0 && grads.length === 0) return;
  const device = check(step);
  const numbers = {
    beta1,
    beta2,
    rest1: 1 - beta1,
    rest2: 1 - beta2,
    rate: lr / (1 - beta1 ** step.step),
    unbias: 1 / Math.sqrt(1 - beta2 ** step.step),
    eps,
    gradScale: typeof gradScale === "number" ? gradScale : 1,
  };
  const per = device.info.kind === "software" ? 16 : 1;
  const vec4s = (i: number) => Math.ceil(params[i].size / 4);
  const groupsOf = (i: number) => Math.ceil(vec4s(i) / (64 * per));
  const one = (i: number) => {
    const scaled = gradScale instanceof Tensor;
    adamKernel.run(
      device,
      { scale: scaled ? gradScale : grads[i], grad: grads[i], param: params[i], m: m[i], v: v[i] },
      { count: vec4s(i), per, ...numbers },
      spread(groupsOf(i)),
      { SCALED: scaled },
    );
  };
  for (let i = 0; i < params.length; i++) {
    if (gradScale instanceof Tensor || i + 1 === params.length) {
      one(i);
      continue;
    }
    const [a, b] = [i, ++i];
    adamPairKernel.run(
      device,
      {
        gradA: grads[a],
        paramA: params[a],
        mA: m[a],
        vA: v[a],
        gradB: grads[b],
        paramB: params[b],
        mB: m[b],
        vB: v[b],
      },
      { countA: vec4s(a), countB: vec4s(b), groupsA: groupsOf(a), per, ...numbers },
      spread(groupsOf(a) + groupsOf(b)),
    );
  }
}
