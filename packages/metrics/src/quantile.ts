/**
 * The `q`-quantile (0..1) of ascending values, linear between the two nearest ranks. Source: `numpy.percentile`, whose
 * default this is; equal to it in the last digit.
 */
export function quantile(ascending: ArrayLike<number>, q: number): number {
  const at = q * (ascending.length - 1);
  const below = Math.floor(at);
  const a = ascending[below]!;
  const b = ascending[Math.min(below + 1, ascending.length - 1)]!;
  const t = at - below;
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t);
}
