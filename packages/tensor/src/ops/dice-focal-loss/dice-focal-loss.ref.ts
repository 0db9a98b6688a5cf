import { type RefArray, refArray } from "../../op/reference";

/** The loss in float64, from logits or probabilities. */
export function diceFocalRef(
  x: RefArray,
  target: RefArray,
  { weight = 0.8, smooth = 1 }: { weight?: number; smooth?: number },
  logits: boolean,
): RefArray {
  let [sumP, sumT, sumPT, bce] = [0, 0, 0, 0];
  x.data.forEach((v, i) => {
    const t = target.data[i];
    const p = logits ? 1 / (1 + Math.exp(-v)) : v;
    sumP += p;
    sumT += t;
    sumPT += p * t;
    bce += logits
      ? Math.max(v, 0) - v * t + Math.log1p(Math.exp(-Math.abs(v)))
      : -(t * Math.max(Math.log(v), -100) + (1 - t) * Math.max(Math.log1p(-v), -100));
  });
  bce /= x.data.length;
  const dice = 1 - (2 * sumPT + smooth) / (sumP + sumT + smooth);
  const focal = 0.8 * (1 - Math.exp(-bce)) ** 2 * bce;
  return refArray([], [weight * dice + (1 - weight) * focal]);
}
