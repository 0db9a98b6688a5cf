import type { Element, Inputs, Sizes } from "../types";

/** The rows of a relative position table for every pair on an axis: table [2 W - 1, D] -> [W (query), W (key), D]. */
export function pairsOf(table: Float32Array, W: number, D: number): Float32Array {
  const out = new Float32Array(W * W * D);
  for (let q = 0; q < W; q++)
    for (let k = 0; k < W; k++) {
      const row = q - k + W - 1;
      out.set(table.subarray(row * D, (row + 1) * D), (q * W + k) * D);
    }
  return out;
}

/** softmax(q k^T D^-0.5 + bias) v of heads [B, T, D]; with tables, SAM's decomposed bias from the unscaled query. */
export function attentionReference(
  { q, k, v, relPosH, relPosW }: Inputs,
  { T, D, W }: Sizes,
  relPos: boolean,
): Record<string, Element> {
  const scale = D ** -0.5;
  const y: Element = (i) => {
    const [d, t, b] = [i % D, Math.floor(i / D) % T, Math.floor(i / D / T)];
    const dotQuery = (x: Float32Array, at: number) => {
      let sum = 0;
      for (let e = 0; e < D; e++) sum += q.data[(b * T + t) * D + e] * x[at + e];
      return sum;
    };
    const scores = Float64Array.from({ length: T }, (_, j) => {
      const z = scale * dotQuery(k.data, (b * T + j) * D);
      if (!relPos) return z;
      const row = Math.floor(t / W) - Math.floor(j / W) + W - 1;
      const col = (t % W) - (j % W) + W - 1;
      return z + dotQuery(relPosH.data, row * D) + dotQuery(relPosW.data, col * D);
    });
    const most = scores.reduce((m, z) => Math.max(m, z), -Infinity);
    let [above, below] = [0, 0];
    scores.forEach((z, j) => {
      const p = Math.exp(z - most);
      below += p;
      above += p * v.data[(b * T + j) * D + d];
    });
    return above / below;
  };
  return { y };
}
