import type { Element, Inputs, Sizes } from "../types";

/** x [M, K] times w [K, N]. */
export function linearReference({ x, w }: Inputs, { K, N }: Sizes): Record<string, Element> {
  const y: Element = (i) => {
    const [r, c] = [Math.floor(i / N), i % N];
    let sum = 0;
    for (let k = 0; k < K; k++) sum += x.data[r * K + k] * w.data[k * N + c];
    return sum;
  };
  return { y };
}

/** Over the last axis of x [R, D], biased variance. */
export function layerNormReference({ x, weight, bias }: Inputs, { D }: Sizes, eps: number): Record<string, Element> {
  const y: Element = (i) => {
    const row = x.data.subarray(Math.floor(i / D) * D, (Math.floor(i / D) + 1) * D);
    const mean = row.reduce((s, value) => s + value, 0) / D;
    const variance = row.reduce((s, value) => s + (value - mean) ** 2, 0) / D;
    return ((x.data[i] - mean) / Math.sqrt(variance + eps)) * weight.data[i % D] + bias.data[i % D];
  };
  return { y };
}

/** Over the last axis of x [R, D]. */
export function softmaxReference({ x }: Inputs, { D }: Sizes): Record<string, Element> {
  const y: Element = (i) => {
    const start = Math.floor(i / D) * D;
    let sum = 0;
    for (let k = 0; k < D; k++) sum += Math.exp(x.data[start + k]);
    return Math.exp(x.data[i]) / sum;
  };
  return { y };
}
