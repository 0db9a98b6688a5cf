import { type RefArray, refArray } from "../../op/reference";

/** Transposed convolution in float64: every pixel adds its patch. */
export function convTranspose2dRef(
  { x, weight, bias }: { x: RefArray; weight: RefArray; bias: RefArray | null },
  { stride = 2 }: { stride?: number },
): RefArray {
  const [batch, cin, h, w] = x.shape;
  const [, cout, kh, kw] = weight.shape;
  const [ho, wo] = [(h - 1) * stride + kh, (w - 1) * stride + kw];
  const y = refArray([batch, cout, ho, wo]);
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < cout; o++) {
      const base = (b * cout + o) * ho * wo;
      if (bias) y.data.fill(bias.data[o], base, base + ho * wo);
      for (let c = 0; c < cin; c++)
        for (let iy = 0; iy < h; iy++)
          for (let ix = 0; ix < w; ix++) {
            const value = x.data[((b * cin + c) * h + iy) * w + ix];
            for (let ky = 0; ky < kh; ky++)
              for (let kx = 0; kx < kw; kx++)
                y.data[base + (iy * stride + ky) * wo + ix * stride + kx] +=
                  value * weight.data[((c * cout + o) * kh + ky) * kw + kx];
          }
    }
  return y;
}
