import { defineKernel, defineOp, empty, refArray, type Tensor } from "@ama-sam/tensor";
import { CgrlError } from "../errors";
import lossWgsl from "./domain-loss.wgsl";
import gradWgsl from "./domain-loss-grad.wgsl";

/** Weights of eq. 3. */
export interface DomainWeights {
  primary: number;
  auxiliary: number;
}

const uniforms = { count: "u32", primary: "f32", auxiliary: "f32" } as const;
export const domainLossKernel = /* @__PURE__ */ defineKernel({ name: "domain-loss", source: [lossWgsl], uniforms });
export const domainLossGradKernel = /* @__PURE__ */ defineKernel({
  name: "domain-loss-grad",
  source: [gradWgsl],
  uniforms,
});

export const domainLossOp = /* @__PURE__ */ defineOp({
  name: "domainLoss",
  inputs: ["logit", "isPrimary"],
  dtypes: { isPrimary: ["i32"] },
  shape: ({ logit, isPrimary }, _: DomainWeights) => {
    if (logit.length !== 1 || isPrimary.length !== 1 || logit[0] !== isPrimary[0] || logit[0] === 0) {
      throw new CgrlError(
        "domainLoss",
        `logit and isPrimary differ. Got [${logit.join(", ")}] and [${isPrimary.join(", ")}]. Expected [B] each, B > 0.`,
      );
    }
    return [];
  },
  forward: ({ logit, isPrimary }, { primary, auxiliary }, y) => {
    domainLossKernel.run(y.device, { z: logit, flags: isPrimary, y }, { count: logit.size, primary, auxiliary }, [1]);
    return undefined;
  },
  saves: ["logit", "isPrimary"],
  vjp: ({ logit, isPrimary }, dy, { attrs: { primary, auxiliary } }) => {
    const dz = empty(dy.device, logit.shape);
    domainLossGradKernel.run(
      dy.device,
      { z: logit, flags: isPrimary, dy, dz },
      { count: logit.size, primary, auxiliary },
      [Math.ceil(logit.size / 64)],
    );
    return { logit: dz };
  },
  reference: ({ logit, isPrimary }, { primary, auxiliary }) => {
    const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    const terms = logit.data.map((z, i) => (isPrimary.data[i] ? primary * softplus(-z) : auxiliary * softplus(z)));
    return refArray([], [terms.reduce((a, b) => a + b, 0) / terms.length]);
  },
});

/**
 * The discriminator's weighted cross-entropy (AMA-SAM eq. 3) from logits, mean over the batch.
 *
 * logit [B] of P(primary), isPrimary i32 [B] -> []. `-log D = softplus(-z)`, `-log(1 - D) = softplus(z)`.
 */
export function domainLoss(logit: Tensor, isPrimary: Tensor, weights: DomainWeights): Tensor {
  return domainLossOp.apply({ logit, isPrimary }, weights);
}

/** Weights inverse to the sizes of the two domains, with mean 1 over all images (fidelity A6). No auxiliary image gives 1 and 0. */
export function domainWeights(primaryImages: number, auxiliaryImages: number): DomainWeights {
  if (!(primaryImages > 0) || !(auxiliaryImages >= 0)) {
    throw new CgrlError(
      "domainWeights",
      `no primary image, or a negative count. Got ${primaryImages} and ${auxiliaryImages}. Expected at least one primary image.`,
    );
  }
  if (auxiliaryImages === 0) return { primary: 1, auxiliary: 0 };
  const total = primaryImages + auxiliaryImages;
  return { primary: total / (2 * primaryImages), auxiliary: total / (2 * auxiliaryImages) };
}
