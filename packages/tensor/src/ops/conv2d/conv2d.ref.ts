import { type RefArray, refArray } from "../../op/reference";

/** Convolution in float64, tap by tap. */
export function conv2dRef(
  { x, weight, bias }: { x: RefArray; weight: RefArray; bias: RefArray | null },
  { stride = 1, padding = 0 }: { stride?: number; padding?: number },
): RefArray {
  const [batch, cin, h, w] = x.shape;
  const [cout, , kh, kw] = weight.shape;
  const ho = Math.floor((h + 2 * padding - kh) / stride) + 1;
  const wo = Math.floor((w + 2 * padding - kw) / stride) + 1;
  const y = refArray([batch, cout, ho, wo]);
  let at = 0;
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < cout; o++)
      for (let oy = 0; oy < ho; oy++)
        for (let ox = 0; ox < wo; ox++) {
          let sum = bias ? bias.data[o] : 0;
          for (let c = 0; c < cin; c++)
            for (let ky = 0; ky < kh; ky++) {
              const iy = oy * stride + ky - padding;
              if (iy < 0 || iy >= h) continue;
              for (let kx = 0; kx < kw; kx++) {
                const ix = ox * stride + kx - padding;
                if (ix < 0 || ix >= w) continue;
                sum += x.data[((b * cin + c) * h + iy) * w + ix] * weight.data[((o * cin + c) * kh + ky) * kw + kx];
              }
            }
          y.data[at++] = sum;
        }
  return y;
}
