import { preprocess } from "@ama-sam/data";
import type { RgbImage } from "@ama-sam/sam-encoder";
import { mean, noGrad, scope, tensor } from "@ama-sam/tensor";
import { AmaSamError } from "../errors";
import type { AmaSam } from "../model/ama-sam";

/** Pooled embeddings with their domain. */
export interface ProbeSet {
  /** One vector per image. */
  features: readonly Float32Array[];
  /** True for primary images. */
  isPrimary: readonly boolean[];
}

/** How well a linear classifier tells the domains apart on images that it did not see. */
export interface ProbeResult {
  /** Share of images whose domain is recognised. */
  accuracy: number;
  /** Mean of the two recalls below: 0.5 is chance however the set is mixed. */
  balancedAccuracy: number;
  /** Share of primary images recognised as primary; NaN without one. */
  primary: number;
  /** Share of auxiliary images recognised as auxiliary: alignment should bring it down. NaN without one. */
  auxiliary: number;
  images: number;
}

/** F_encoder averaged over positions, as the discriminator sees it: [C] per image. */
export async function pooledEmbeddings(model: AmaSam, images: readonly RgbImage[]): Promise<Float32Array[]> {
  const { device } = model;
  const { imageSize } = model.config.encoder;
  const out: Float32Array[] = [];
  for (const { width, height, data } of images) {
    const bytes = data instanceof Uint8Array ? data : Uint8Array.from(data);
    const values = preprocess({ width, height, channels: 3, bitDepth: 8, data: bytes }, imageSize);
    const pooled = scope(device, "probe", () =>
      noGrad(device, () =>
        mean(model.imageEncoder.forward(tensor(device, values, [1, 3, imageSize, imageSize])), { dims: [2, 3] }),
      ),
    );
    try {
      out.push(await pooled.data());
    } finally {
      pooled.dispose();
    }
  }
  return out;
}

/**
 * Trains a logistic classifier of the domain on one set of embeddings and scores it on another (a linear probe).
 *
 * Features are standardised by the training set; both domains weigh the same; ridge penalty `l2`. Deterministic.
 * @throws AmaSamError where a domain is missing in training, or the sets do not fit
 */
export function domainProbe(
  train: ProbeSet,
  test: ProbeSet,
  { l2 = 1e-2, steps = 500 }: { l2?: number; steps?: number } = {},
): ProbeResult {
  const width = train.features[0]?.length ?? 0;
  const primaries = train.isPrimary.filter(Boolean).length;
  if (primaries === 0 || primaries === train.features.length) {
    throw new AmaSamError(
      "domainProbe",
      `one domain is missing. Got ${primaries} primary of ${train.features.length} training images. Expected both.`,
    );
  }
  if (
    ![...train.features, ...test.features].every((f) => f.length === width) ||
    train.features.length !== train.isPrimary.length ||
    test.features.length !== test.isPrimary.length
  ) {
    throw new AmaSamError(
      "domainProbe",
      "features and domains do not fit. Expected one flag per feature vector, all of one length.",
    );
  }
  const n = train.features.length;
  const average = new Float64Array(width);
  const scale = new Float64Array(width);
  for (const f of train.features) for (let c = 0; c < width; c++) average[c]! += f[c]! / n;
  for (const f of train.features) for (let c = 0; c < width; c++) scale[c]! += (f[c]! - average[c]!) ** 2 / n;
  for (let c = 0; c < width; c++) scale[c] = scale[c]! > 1e-12 ? 1 / Math.sqrt(scale[c]!) : 0;
  const standard = (f: Float32Array): Float64Array => Float64Array.from(f, (v, c) => (v - average[c]!) * scale[c]!);
  const x = train.features.map(standard);
  const weight = train.isPrimary.map((p) => 1 / (2 * (p ? primaries : n - primaries)));
  const w = new Float64Array(width);
  let bias = 0;
  const score = (f: Float64Array): number => f.reduce((sum, v, c) => sum + v * w[c]!, bias);
  // Gradient descent with the step that the loss's curvature (at most |x|^2 / 4) allows: it cannot overshoot.
  const rate = 1 / (l2 + 0.25 * x.reduce((sum, f, i) => sum + weight[i]! * (1 + f.reduce((s, v) => s + v * v, 0)), 0));
  for (let step = 0; step < steps; step++) {
    const slope = w.map((v) => l2 * v);
    let biasSlope = 0;
    x.forEach((f, i) => {
      const error = weight[i]! * (1 / (1 + Math.exp(-score(f))) - (train.isPrimary[i] ? 1 : 0));
      for (let c = 0; c < width; c++) slope[c]! += error * f[c]!;
      biasSlope += error;
    });
    for (let c = 0; c < width; c++) w[c]! -= rate * slope[c]!;
    bias -= rate * biasSlope;
  }
  const right = test.features.map((f, i) => score(standard(f)) > 0 === test.isPrimary[i]);
  const share = (of: boolean[]): number => of.filter(Boolean).length / of.length;
  const primary = share(right.filter((_, i) => test.isPrimary[i]));
  const auxiliary = share(right.filter((_, i) => !test.isPrimary[i]));
  return {
    accuracy: share(right),
    balancedAccuracy: (primary + auxiliary) / 2,
    primary,
    auxiliary,
    images: right.length,
  };
}
