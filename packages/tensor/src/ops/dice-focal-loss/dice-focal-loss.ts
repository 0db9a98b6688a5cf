import { ShapeError } from "../../errors";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { elementGrid } from "../../kernel/lib/grid";
import { defineOp, type Op } from "../../op/define-op";
import { sameShape, show } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import finishWgsl from "./dice-focal-finish.wgsl";
import gradWgsl from "./dice-focal-grad.wgsl";
import { diceFocalRef } from "./dice-focal-loss.ref";
import sumsWgsl from "./dice-focal-sums.wgsl";

const CHUNK = 4096;

export const diceFocalSumsKernel = /* @__PURE__ */ defineKernel({
  name: "dice-focal-sums",
  source: [sumsWgsl],
  params: { LOGITS: [true, false] },
  uniforms: { count: "u32", chunk: "u32", chunks: "u32" },
});
export const diceFocalFinishKernel = /* @__PURE__ */ defineKernel({
  name: "dice-focal-finish",
  source: [finishWgsl],
  uniforms: { count: "u32", chunks: "u32", weight: "f32", smoothing: "f32" },
});
export const diceFocalGradKernel = /* @__PURE__ */ defineKernel({
  name: "dice-focal-grad",
  source: [gradWgsl],
  params: { WG: [64], LOGITS: [true, false] },
  uniforms: { count: "u32", per: "u32" },
});

/** Settings of {@link diceFocalLoss} and {@link diceFocalLossWithLogits}. */
export interface DiceFocalOptions {
  /** Share of the Dice part; the focal part has the rest. Default 0.8. */
  weight?: number;
  /** Added above and below the Dice fraction. Default 1. */
  smooth?: number;
}

function define<const X extends "p" | "z">(name: string, input: X): Op<X | "target", never, DiceFocalOptions> {
  const LOGITS = input === "z";
  return defineOp({
    name,
    inputs: [input, "target"] as (X | "target")[],
    shape: (shapes, _: DiceFocalOptions) => {
      const [x, target] = [shapes[input], shapes.target];
      if (!sameShape(x, target) || x.includes(0))
        throw new ShapeError(
          name,
          `${input} and target differ or are empty. Got ${input} ${show(x)}, target ${show(target)}. Expected one shape with at least one element.`,
        );
      return [];
    },
    forward: (inputs, { weight = 0.8, smooth = 1 }, y, saving) => {
      const x = inputs[input] as Tensor;
      const label = inputs.target as Tensor;
      const { device, size: count } = x;
      const chunks = Math.ceil(count / CHUNK);
      const sums = empty(device, [chunks, 4]);
      const factors = empty(device, [4]);
      const groups = spread(chunks);
      diceFocalSumsKernel.run(device, { x, label, sums }, { count, chunk: CHUNK, chunks }, groups, { LOGITS });
      diceFocalFinishKernel.run(device, { sums, y, factors }, { count, chunks, weight, smoothing: smooth }, [1]);
      sums.dispose(name);
      if (saving) return { factors };
      factors.dispose(name);
      return undefined;
    },
    saves: [input, "target", "factors"],
    vjp: (saved, dy, { needs }) => {
      if (!needs[input]) return {};
      const x = saved[input];
      const dx = empty(dy.device, x.shape);
      const count = Math.ceil(x.size / 4);
      const { per, groups } = elementGrid(dy.device, count);
      const tensors = { x, label: saved.target, factors: saved.factors, dy, dx };
      diceFocalGradKernel.run(dy.device, tensors, { count, per }, groups, { LOGITS });
      return { [input]: dx } as Partial<Record<X | "target", Tensor>>;
    },
    reference: (inputs, attrs) => diceFocalRef(inputs[input], inputs.target, attrs, LOGITS),
  }) as Op<X | "target", never, DiceFocalOptions>;
}

/** The op definitions, for tests and benches. */
export const diceFocalLossOp = /* @__PURE__ */ define("diceFocalLoss", "p");
export const diceFocalLossWithLogitsOp = /* @__PURE__ */ define("diceFocalLossWithLogits", "z");

/**
 * `weight` Dice + `1 - weight` focal loss on probabilities, as a scalar []: with sums over the whole batch,
 * Dice = `1 - (2 sum(p t) + smooth) / (sum p + sum t + smooth)` and focal = `0.8 (1 - e^-b)^2 b`, where b is the mean binary cross
 * entropy (UN-SAM's loss, the choice A13 for the paper's segmentation loss).
 *
 * p and target of one shape, p in [0, 1], target 0 or 1 (no gradient). Logarithms stop at -100, as in PyTorch. In f32 a
 * probability near 1 has lost its digits: prefer {@link diceFocalLossWithLogits}.
 */
export function diceFocalLoss(p: Tensor, target: Tensor, options: DiceFocalOptions = {}): Tensor {
  return diceFocalLossOp.apply({ p, target }, options);
}

/**
 * {@link diceFocalLoss} of `sigmoid(z)`, computed from the logits: exact for any z, with a gradient that never dies.
 *
 * z and target of one shape -> []. Two small reductions forward, one elementwise kernel backward; two runs give the same bits.
 */
export function diceFocalLossWithLogits(z: Tensor, target: Tensor, options: DiceFocalOptions = {}): Tensor {
  return diceFocalLossWithLogitsOp.apply({ z, target }, options);
}
