import { Generator } from "@ama-sam/nn";

/** Samples, inputs and features of example 05. */
export const [N, D, F] = [256, 8, 16];
/** 1 for the first half, the primary domain. */
export const primary = Array.from({ length: N }, (_, i) => Number(i < N / 2));

/** The class moves inputs 0 and 1; a stain adds 1.5 to inputs 4 to 7 of auxiliary samples, which primary ones leave at 0. */
export function sample(seed: number): { x: Float32Array; y: number[] } {
  const y = primary.map((_, i) => i % 2);
  const x = new Generator(seed).normal("x", N * D).map((noise, k) => {
    const [i, d] = [Math.floor(k / D), k % D];
    return d >= 4 ? (primary[i] ? 0 : 1.5 + 0.5 * noise) : 0.5 * noise + (d < 2 ? 2 * y[i] - 1 : 0);
  });
  return { x, y };
}

/** Share of the samples of a half (0 auxiliary, 1 primary) that a linear probe, trained on other samples, gets right. */
export function probed(train: Float32Array, test: Float32Array, labels: readonly number[], half: number): number {
  const hits = linearProbe(train, labels, test).filter((guess, i) => primary[i] === half && guess === labels[i]);
  return hits.length / (N / 2);
}

/** How far the features of a half moved, relative to their size. */
export function moved(from: Float32Array, to: Float32Array, half: number): number {
  let [distance, size] = [0, 0];
  for (let k = 0; k < from.length; k++) {
    if (primary[Math.floor(k / F)] !== half) continue;
    distance += (to[k] - from[k]) ** 2;
    size += from[k] ** 2;
  }
  return Math.sqrt(distance / size);
}

/** Logistic regression on standardised features, by gradient descent: the guess for every row of `test`. */
function linearProbe(train: Float32Array, labels: readonly number[], test: Float32Array): number[] {
  const column = (d: number) => Array.from({ length: N }, (_, i) => train[i * F + d]);
  const means = Array.from({ length: F }, (_, d) => column(d).reduce((a, b) => a + b, 0) / N);
  const deviations = means.map((m, d) => Math.sqrt(column(d).reduce((a, b) => a + (b - m) ** 2, 0) / N) || 1);
  const standard = (x: Float32Array) => x.map((v, k) => (v - means[k % F]) / deviations[k % F]);
  const [known, unseen] = [standard(train), standard(test)];
  const w = new Float64Array(F + 1);
  const score = (x: Float32Array, i: number) => {
    let z = w[F];
    for (let d = 0; d < F; d++) z += w[d] * x[i * F + d];
    return z;
  };
  for (let step = 0; step < 500; step++) {
    const gradient = new Float64Array(F + 1);
    for (let i = 0; i < N; i++) {
      const error = (1 / (1 + Math.exp(-score(known, i))) - labels[i]) / N;
      for (let d = 0; d < F; d++) gradient[d] += error * known[i * F + d];
      gradient[F] += error;
    }
    for (let d = 0; d <= F; d++) w[d] -= 0.5 * gradient[d];
  }
  return labels.map((_, i) => Number(score(unseen, i) > 0));
}
