import type { Input } from "./types";

/** Transposed on the host, for libraries with another layout. */
export function permuted(
  { shape, data }: { shape: readonly number[]; data: ArrayLike<number> },
  order: number[],
): Input {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((n, d) => n * d, 1));
  const to = order.map((i) => shape[i]);
  const step = order.map((i) => strides[i]);
  const out = new Float32Array(data.length);
  const index = to.map(() => 0);
  let at = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[at];
    for (let d = to.length - 1; d >= 0; d--) {
      at += step[d];
      if (++index[d] < to[d]) break;
      at -= step[d] * to[d];
      index[d] = 0;
    }
  }
  return { shape: to, data: out };
}
