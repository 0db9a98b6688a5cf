import type { Input } from "./types";

/** Reproducible numbers in [0, 1) (mulberry32). */
export function uniformNumbers(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** An input with values in [offset - scale, offset + scale). */
export function uniform(seed: number, shape: readonly number[], scale = 1, offset = 0): Input {
  const next = uniformNumbers(seed);
  const data = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => (next() * 2 - 1) * scale + offset);
  return { shape, data };
}
