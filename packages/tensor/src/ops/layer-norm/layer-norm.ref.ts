import { type RefArray, refArray } from "../../op/reference";

interface Inputs {
  x: RefArray;
  weight: RefArray;
  bias: RefArray;
}

/** Normalises each run of `c` elements `step` apart, starting at the given positions. */
function normalise(
  { x, weight, bias }: Inputs,
  c: number,
  step: number,
  starts: Iterable<number>,
  eps: number,
): RefArray {
  const y = refArray(x.shape);
  for (const start of starts) {
    let [mean, variance] = [0, 0];
    for (let i = 0; i < c; i++) mean += x.data[start + i * step] / c;
    for (let i = 0; i < c; i++) variance += (x.data[start + i * step] - mean) ** 2 / c;
    const rstd = 1 / Math.sqrt(variance + eps);
    for (let i = 0; i < c; i++) {
      const at = start + i * step;
      y.data[at] = (x.data[at] - mean) * rstd * weight.data[i] + bias.data[i];
    }
  }
  return y;
}

export function layerNormRef(inputs: Inputs, { eps }: { eps: number }): RefArray {
  const c = inputs.weight.data.length;
  const starts = Array.from({ length: inputs.x.data.length / c }, (_, row) => row * c);
  return normalise(inputs, c, 1, starts, eps);
}

export function layerNorm2dRef(inputs: Inputs, { eps }: { eps: number }): RefArray {
  const [b, c, h, w] = inputs.x.shape;
  const starts = Array.from({ length: b * h * w }, (_, i) => Math.floor(i / (h * w)) * c * h * w + (i % (h * w)));
  return normalise(inputs, c, h * w, starts, eps);
}
