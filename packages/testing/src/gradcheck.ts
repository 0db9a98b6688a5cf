import type { RefArray } from "@ama-sam/tensor";
import { Random } from "./random";

/** A function of float64 arrays. */
export type RefFunction = (inputs: Record<string, RefArray | null>) => RefArray;

const STEP = 1e-5;

function shifted(
  inputs: Record<string, RefArray | null>,
  name: string,
  change: (data: Float64Array) => void,
): Record<string, RefArray | null> {
  const input = inputs[name];
  if (!input) throw new Error(`[gradcheck] no input ${name}`);
  const data = Float64Array.from(input.data);
  change(data);
  return { ...inputs, [name]: { shape: input.shape, data } };
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The gradient of `<cotangent, f>` with respect to one input, by central differences: exact to about 1e-9, slow. */
export function numericGradient(
  f: RefFunction,
  inputs: Record<string, RefArray | null>,
  name: string,
  cotangent: ArrayLike<number>,
): Float64Array {
  const size = inputs[name]?.data.length ?? 0;
  const gradient = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const at = (step: number) => dot(f(shifted(inputs, name, (d) => (d[i] += step))).data, cotangent);
    gradient[i] = (at(STEP) - at(-STEP)) / (2 * STEP);
  }
  return gradient;
}

/**
 * Compares `<t, gradient>` with the central difference of `<cotangent, f>` along random directions `t`: cheap at any size.
 * @returns the largest difference, relative to `|t| |gradient|`
 */
export function projectedError(
  f: RefFunction,
  inputs: Record<string, RefArray | null>,
  name: string,
  cotangent: ArrayLike<number>,
  gradient: ArrayLike<number>,
  seed: number,
  directions = 3,
): number {
  const random = new Random(seed);
  let worst = 0;
  for (let k = 0; k < directions; k++) {
    const t = Float64Array.from({ length: gradient.length }, () => random.normal());
    const at = (step: number) =>
      dot(
        f(
          shifted(inputs, name, (d) => {
            for (let i = 0; i < d.length; i++) d[i] += step * t[i];
          }),
        ).data,
        cotangent,
      );
    const numeric = (at(STEP) - at(-STEP)) / (2 * STEP);
    const scale = Math.sqrt(dot(gradient, gradient)) + 1e-3;
    worst = Math.max(worst, Math.abs(numeric - dot(t, gradient)) / scale);
  }
  return worst;
}
