import { type DomainWeights, domainLoss } from "@ama-sam/cgrl";
import {
  add,
  diceFocalLossWithLogits,
  interpolateBilinear,
  interpolateNearest,
  mul,
  scope,
  type Tensor,
} from "@ama-sam/tensor";
import { AmaSamError } from "../errors";
import type { AmaSamOutput } from "./ama-sam";

/** Weights of eq. 6 and of the segmentation loss (fidelity A13, A14). */
export interface LossOptions {
  /** Of the domain loss. Default 1. */
  alpha?: number;
  /** Of the coarse loss. Default 1. */
  beta?: number;
  /** Of the Dice part; the focal part has the rest. Default 0.8. */
  dice?: number;
  smooth?: number;
  /** Of eq. 3; needed when the output has a domain branch. */
  domainWeights?: DomainWeights;
}

/** Scalars of eq. 6. */
export interface Losses {
  total: Tensor;
  fine: Tensor;
  coarse: Tensor;
  /** null without a domain branch. */
  domain: Tensor | null;
}

/**
 * L = L_fine + alpha L_CGRL + beta L_coarse (eq. 6).
 *
 * label f32 [B, 1, S, S] in {0, 1}; the coarse map is compared with the label resized by nearest, logits of another size than the
 * label are resized bilinearly first, as SAM does. isPrimary i32 [B].
 */
export function losses(
  output: AmaSamOutput,
  label: Tensor,
  isPrimary: Tensor | null,
  options: LossOptions = {},
): Losses {
  const { alpha = 1, beta = 1, dice = 0.8, smooth = 1, domainWeights } = options;
  const { logits, coarse, domain } = output;
  const [B, one, H, W] = label.shape;
  if (label.shape.length !== 4 || one !== 1 || B !== logits.shape[0]) {
    throw new AmaSamError(
      "losses",
      `the label does not fit the output. Got label [${label.shape.join(", ")}], logits [${logits.shape.join(", ")}]. Expected [B, 1, S, S].`,
    );
  }
  return scope(label.device, "losses", () => {
    const attrs = { weight: dice, smooth };
    const full = logits.shape[2] === H && logits.shape[3] === W ? logits : interpolateBilinear(logits, [H, W]);
    const fine = diceFocalLossWithLogits(full, label, attrs);
    const rough = diceFocalLossWithLogits(coarse, interpolateNearest(label, [coarse.shape[2], coarse.shape[3]]), attrs);
    let total = add(fine, beta === 1 ? rough : mul(rough, beta));
    let adversarial: Tensor | null = null;
    if (domain) {
      if (!isPrimary || !domainWeights)
        throw new AmaSamError(
          "losses",
          "the domain branch needs isPrimary and domainWeights. Got none. Use domainWeights(primaryImages, auxiliaryImages).",
        );
      adversarial = domainLoss(domain, isPrimary, domainWeights);
      total = add(total, alpha === 1 ? adversarial : mul(adversarial, alpha));
    }
    return { total, fine, coarse: rough, domain: adversarial };
  });
}
