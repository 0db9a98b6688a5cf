/** The learning rate of an epoch, counted from 0. */
export type Schedule = (epoch: number) => number;

/** `lr * decay^epoch`: the paper's schedule with decay 0.98 (PyTorch's `ExponentialLR`). */
export function exponential(lr: number, decay: number): Schedule {
  return (epoch) => lr * decay ** epoch;
}

/** Half a cosine from `lr` to `final` over `epochs`. */
export function cosine(lr: number, epochs: number, final = 0): Schedule {
  return (epoch) => final + 0.5 * (lr - final) * (1 + Math.cos(Math.PI * Math.min(1, epoch / Math.max(1, epochs))));
}

/** Rises linearly over the first `steps` of whatever the unit is, then follows `then`. */
export function warmup(steps: number, then: Schedule): Schedule {
  return (at) => then(at) * Math.min(1, (at + 1) / Math.max(1, steps));
}

/** The paper's rate: 2e-4 at 40 images, inversely proportional to their number (3.4; fidelity A19). */
export function paperLearningRate(images: number): number {
  return (2e-4 * 40) / Math.max(1, images);
}
