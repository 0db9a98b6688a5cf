import { uniformNumbers } from "./random";
import type { Element } from "./types";

const SAMPLES = 256;

/** Largest error of sampled elements over the root mean square of what they should be; Infinity for a value that is no number. */
export function errorOf(got: ArrayLike<number> | undefined, length: number, reference: Element): number {
  if (!got || got.length !== length) return Infinity;
  const next = uniformNumbers(777);
  const picks =
    length <= SAMPLES
      ? Array.from({ length }, (_, i) => i)
      : [0, length - 1, ...Array.from({ length: SAMPLES - 2 }, () => Math.floor(next() * length))];
  let [worst, squares] = [0, 0];
  for (const i of picks) {
    const wanted = reference(i);
    const error = Math.abs(wanted - got[i]);
    worst = Number.isFinite(error) ? Math.max(worst, error) : Infinity;
    squares += wanted * wanted;
  }
  return worst / Math.sqrt(squares / picks.length);
}
