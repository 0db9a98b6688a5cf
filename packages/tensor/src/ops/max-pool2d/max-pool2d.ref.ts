import { type RefArray, refArray } from "../../op/reference";

/** Largest value of every window, in float64. */
export function maxPool2dRef({ x }: { x: RefArray }, { kernel }: { kernel: number }): RefArray {
  const [batch, channels, h, w] = x.shape;
  const [ho, wo] = [Math.floor(h / kernel), Math.floor(w / kernel)];
  const y = refArray([batch, channels, ho, wo]);
  let at = 0;
  for (let plane = 0; plane < batch * channels; plane++)
    for (let oy = 0; oy < ho; oy++)
      for (let ox = 0; ox < wo; ox++) {
        let best = Number.NEGATIVE_INFINITY;
        for (let i = 0; i < kernel; i++)
          for (let j = 0; j < kernel; j++)
            best = Math.max(best, x.data[(plane * h + oy * kernel + i) * w + ox * kernel + j]);
        y.data[at++] = best;
      }
  return y;
}
