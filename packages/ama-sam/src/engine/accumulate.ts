import { type DomainWeights, domainLoss } from "@ama-sam/cgrl";
import type { Recompute } from "@ama-sam/sam-encoder";
import {
  add,
  affine,
  backward,
  type Device,
  div,
  exp,
  interpolateBilinear,
  interpolateNearest,
  mul,
  noGrad,
  reshape,
  scope,
  sigmoid,
  softplus,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  zeros,
} from "@ama-sam/tensor";
import type { AmaSam } from "../model/ama-sam";
import type { TrainBatch } from "./batches";

/** What of the objective {@link accumulatedBackward} needs; see `LossOptions`. */
export interface ObjectiveOptions {
  alpha: number;
  beta: number;
  dice: number;
  smooth: number;
  /** null: no domain branch. */
  domainWeights: DomainWeights | null;
  lambda: number;
  recompute: Recompute;
}

/** Scalars [] on the device. */
export interface ObjectiveValues {
  total: Tensor;
  fine: Tensor;
  coarse: Tensor;
  domain: Tensor | null;
}

/** Images, masks and flags of samples [from, to) on the device. */
export function uploadBatch(
  device: Device,
  batch: TrainBatch,
  from = 0,
  to = batch.ids.length,
): { x: Tensor; label: Tensor; isPrimary: Tensor } {
  const { size, images, masks } = batch;
  const pixels = size * size;
  return {
    x: tensor(device, images.subarray(from * 3 * pixels, to * 3 * pixels), [to - from, 3, size, size]),
    label: tensor(device, masks.subarray(from * pixels, to * pixels), [to - from, 1, size, size]),
    isPrimary: tensor(device, batch.isPrimary.subarray(from, to), [to - from], { dtype: "i32" }),
  };
}

/** Sums over pixels that the segmentation loss is a function of: sum p t, sum p, sum t and the summed cross-entropy. */
type Sums = [both: Tensor, predicted: Tensor, truth: Tensor, entropy: Tensor];

function sumsOf(logits: Tensor, label: Tensor): Sums {
  const p = sigmoid(logits);
  return [sum(mul(p, label)), sum(p), sum(label), sum(sub(softplus(logits), mul(logits, label)))];
}

/** 0.8 Dice + 0.2 focal (fidelity A13) from the sums of a batch of `count` pixels. */
function lossOf(
  [both, predicted, truth, entropy]: Sums,
  count: number,
  { dice: weight, smooth }: ObjectiveOptions,
): Tensor {
  const overlap = div(affine(both, { scale: 2, shift: smooth }), affine(add(predicted, truth), { shift: smooth }));
  const dice = affine(overlap, { scale: -1, shift: 1 });
  const bce = affine(entropy, { scale: 1 / count });
  const miss = affine(exp(affine(bce, { scale: -1 })), { scale: -1, shift: 1 });
  const focal = affine(mul(square(miss), bce), { scale: 0.8 });
  return add(affine(dice, { scale: weight }), affine(focal, { scale: 1 - weight }));
}

/**
 * The gradient of the whole batch's loss, with only `microBatch` samples on the device at once; fills the parameters' `.grad`.
 *
 * The Dice part divides sums over the batch and the focal part bends a mean over it (fidelity A13), so gradients of micro-batch
 * losses do not add up to it. But both depend on the logits only through four sums. First pass, without a graph: the batch's sums S,
 * then the loss L(S) and g = dL/dS. Second pass: the micro-batch's own sums with a graph, and backward of g . S_micro: by
 * the chain rule, micro-batches now add up to the gradient of L exactly (up to rounding in f32). The domain loss is a mean over samples
 * and needs one pass.
 */
export function accumulatedBackward(
  model: AmaSam,
  batch: TrainBatch,
  microBatch: number,
  options: ObjectiveOptions,
): ObjectiveValues {
  const { device } = model;
  const { alpha, beta, domainWeights, lambda, recompute } = options;
  const B = batch.ids.length;
  const starts = Array.from({ length: Math.ceil(B / microBatch) }, (_, i) => i * microBatch);
  const forward = (from: number, withDomain: boolean) => {
    const to = Math.min(B, from + microBatch);
    const { x, label, isPrimary } = uploadBatch(device, batch, from, to);
    const output = model.forward(x, withDomain ? { isPrimary, lambda, recompute } : { recompute });
    const { logits, coarse } = output;
    const full = logits.shape[2] === batch.size ? logits : interpolateBilinear(logits, [batch.size, batch.size]);
    const sums = [
      ...sumsOf(full, label),
      ...sumsOf(coarse, interpolateNearest(label, [coarse.shape[2]!, coarse.shape[3]!])),
    ];
    const domain =
      output.domain && domainWeights
        ? affine(domainLoss(output.domain, isPrimary, domainWeights), { scale: (to - from) / B })
        : null;
    return { sums, domain, coarseSide: coarse.shape[2]! };
  };

  // First pass.
  const totals = Array.from({ length: 8 }, () => zeros(device, []));
  let coarseSide = 0;
  for (const from of starts) {
    const parts = scope(device, "micro-batch sums", () => {
      const { sums, coarseSide: side } = noGrad(device, () => forward(from, false));
      coarseSide = side;
      return sums.map((part, i) => add(totals[i]!, part));
    });
    parts.forEach((part, i) => {
      totals[i]!.dispose("accumulate");
      totals[i] = part;
    });
  }
  for (const leaf of totals) leaf.requiresGrad = true;
  const fine = lossOf(totals.slice(0, 4) as Sums, B * batch.size ** 2, options);
  const coarse = lossOf(totals.slice(4) as Sums, B * coarseSide ** 2, options);
  const segmentation = add(fine, affine(coarse, { scale: beta }));
  backward(segmentation);
  const slopes = totals.map((leaf) => {
    const slope = leaf.grad;
    leaf.grad = null;
    return slope;
  });

  // Second pass.
  let domain = domainWeights ? zeros(device, []) : null;
  for (const from of starts) {
    const seen = scope(device, "micro-batch", () => {
      const parts = forward(from, domainWeights !== null);
      const terms = parts.sums.flatMap((part, i) =>
        slopes[i] && part.requiresGrad ? [mul(part, slopes[i] as Tensor)] : [],
      );
      if (parts.domain) terms.push(affine(parts.domain, { scale: alpha }));
      backward(terms.reduce((a, b) => add(a, b)));
      return parts.domain && domain ? noGrad(device, () => add(domain as Tensor, parts.domain as Tensor)) : null;
    });
    if (seen) {
      domain?.dispose("accumulate");
      domain = seen;
    }
  }
  for (const slope of slopes) slope?.dispose("accumulate");
  const total = noGrad(device, () =>
    domain ? add(segmentation, affine(domain, { scale: alpha })) : reshape(segmentation, []),
  );
  return { total, fine, coarse, domain };
}
