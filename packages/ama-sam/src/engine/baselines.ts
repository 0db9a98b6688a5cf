import { AmaSamError } from "../errors";
import type { InstanceOptions } from "./instances";
import { labelMask } from "./instances";
import type { Prediction } from "./predict";
import { checkRgb, type Rgb } from "./rgb-image";

/** Classical methods that a trained model must beat. */
export type Baseline = "otsu-luminance" | "otsu-haematoxylin";

const SCORES: Readonly<Record<Baseline, (image: Rgb) => Float32Array>> = {
  "otsu-luminance": luminance,
  "otsu-haematoxylin": haematoxylin,
};

/**
 * The threshold between two classes of values that maximises the variance between them (Otsu 1979), on 256 bins of their range.
 * Values above it are the upper class; equal values give that value.
 */
export function otsuThreshold(values: Float32Array): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (!(high > low)) return low;
  const bins = new Float64Array(256);
  const width = (high - low) / 256;
  for (const v of values) bins[Math.min(255, Math.floor((v - low) / width))]!++;
  const total = values.length;
  const sum = bins.reduce((s, n, i) => s + n * i, 0);
  let [below, belowSum, best, cut] = [0, 0, -1, 0];
  for (let i = 0; i < 255; i++) {
    below += bins[i]!;
    belowSum += bins[i]! * i;
    if (below === 0 || below === total) continue;
    const difference = belowSum / below - (sum - belowSum) / (total - below);
    const between = below * (total - below) * difference * difference;
    if (between > best) [best, cut] = [between, i];
  }
  return low + (cut + 1) * width;
}

/**
 * Rec. 601 luminance, 0 to 255.
 * @throws AmaSamError for data that is no RGB image
 */
export function luminance(image: Rgb): Float32Array {
  checkRgb("luminance", image);
  const { data, width, height } = image;
  return Float32Array.from(
    { length: width * height },
    (_, i) => 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!,
  );
}

/** First column of the inverse of Ruifrok and Johnston's stain matrix (haematoxylin, eosin, DAB): optical densities to haematoxylin. */
const HAEMATOXYLIN = [1.87798274, -0.06590806, -0.60190736] as const;

/**
 * Concentration of haematoxylin by colour deconvolution (Ruifrok and Johnston 2001).
 * @throws AmaSamError for data that is no RGB image
 */
export function haematoxylin(image: Rgb): Float32Array {
  checkRgb("haematoxylin", image);
  const { data, width, height } = image;
  const density = (value: number): number => -Math.log(Math.max(1, value) / 255);
  return Float32Array.from({ length: width * height }, (_, i) =>
    HAEMATOXYLIN.reduce((sum, weight, c) => sum + weight * density(data[3 * i + c]!), 0),
  );
}

/**
 * Segments nuclei without learning: Otsu's threshold on luminance or on haematoxylin, then the same instance step as the model.
 *
 * On luminance the smaller class is nuclei, so that bright nuclei on black work too.
 * @throws AmaSamError for another method, or data that is no RGB image
 */
export function predictBaseline(image: Rgb, baseline: Baseline, instances: InstanceOptions = {}): Prediction {
  const { width, height } = image;
  if (!Object.hasOwn(SCORES, baseline))
    throw new AmaSamError(
      "predictBaseline",
      `unknown method. Got ${baseline}. Expected ${Object.keys(SCORES).join(" or ")}.`,
    );
  const values = SCORES[baseline](image);
  const cut = otsuThreshold(values);
  const mask = Uint8Array.from(values, (v) => (v >= cut ? 1 : 0));
  const upper = mask.reduce((sum, on) => sum + on, 0);
  if (baseline === "otsu-luminance" && 2 * upper > mask.length)
    for (let i = 0; i < mask.length; i++) mask[i] = 1 - mask[i]!;
  return {
    width,
    height,
    probability: Float32Array.from(mask),
    mask,
    labels: labelMask(mask, width, height, instances),
  };
}
