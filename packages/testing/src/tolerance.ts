/** Largest allowed error of an op's result, relative to the largest reference value. One table; a test that overrides says why. */
export const TOLERANCE = {
  /** Forward in f32 against float64. */
  f32: 1e-5,
  /** A gradient in f32 against a float64 finite difference. */
  gradient: 2e-4,
  /** Values stored in f16. */
  f16: 2e-3,
} as const;

/** Largest error relative to the reference's largest magnitude (at least `floor`). */
export function worstError(got: ArrayLike<number>, expected: ArrayLike<number>, floor = 1e-3): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  let scale = floor;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]));
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(got[i] - expected[i]);
    if (!(error <= worst)) worst = error;
  }
  return worst / scale;
}
