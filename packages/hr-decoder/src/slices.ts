import {
  interpolateBilinear,
  matmul,
  mul,
  permute,
  pixelUnshuffle,
  reshape,
  scope,
  sum,
  type Tensor,
} from "@ama-sam/tensor";
import { HrDecoderError } from "./errors";
import { factorOf, phaseBlend } from "./phase-blend/phase-blend";

function check(feature: Tensor, vectors: Tensor): void {
  if (
    feature.shape.length !== 4 ||
    vectors.shape.length !== 3 ||
    feature.shape[0] !== vectors.shape[0] ||
    feature.shape[1] !== vectors.shape[2]
  ) {
    throw new HrDecoderError(
      "hrSlices",
      `feature and slice vectors differ. Got [${feature.shape.join(", ")}] and [${vectors.shape.join(", ")}]. Expected [B, c, h, w] and [B, r*r, c].`,
    );
  }
}

/** The channel dot of eq. 5 before the blend: [B, c, h, w], [B, n, c] -> [B, n, h, w]. */
function channelDot(feature: Tensor, vectors: Tensor): Tensor {
  const [B, c, h, w] = feature.shape;
  return reshape(matmul(vectors, reshape(feature, [B, c, h * w])), [B, vectors.shape[1], h, w]);
}

/**
 * The slices of eq. 4 and 5: x r upsample, Feature Unensemble and the dot with the slice vectors, computed in the cheap order
 * (dot first; upsampling and dot commute). Slice r * dy + dx holds pixels (r y + dy, r x + dx).
 *
 * feature [B, c, h, w], vectors [B, r*r, c] -> [B, r*r, h, w].
 */
export function hrSlices(feature: Tensor, vectors: Tensor): Tensor {
  check(feature, vectors);
  return scope(feature.device, "hr slices", () => phaseBlend(channelDot(feature, vectors), { shuffle: false }));
}

/** The full-resolution map: `hrSlices`, then Pixel Ensemble, in one pass. -> [B, 1, r*h, r*w] */
export function hrMap(feature: Tensor, vectors: Tensor): Tensor {
  check(feature, vectors);
  return scope(feature.device, "hr map", () => phaseBlend(channelDot(feature, vectors)));
}

/** Eq. 4 and 5 as written, with the upsampled map in memory: the oracle of {@link hrSlices}. */
export function hrSlicesLiteral(feature: Tensor, vectors: Tensor): Tensor {
  check(feature, vectors);
  const r = factorOf(vectors.shape[1]);
  const [B, c, h, w] = feature.shape;
  return scope(feature.device, "hr slices literal", () => {
    const big = interpolateBilinear(feature, [r * h, r * w]); // [B, c, r*h, r*w]
    const parts = reshape(pixelUnshuffle(big, r), [B, c, r * r, h * w]); // Feature Unensemble
    const weighted = mul(permute(parts, [0, 2, 1, 3]), reshape(vectors, [B, r * r, c, 1])); // [B, r*r, c, h*w]
    return reshape(sum(weighted, { dims: [2] }), [B, r * r, h, w]);
  });
}
