import { fixedBatches, type TrainBatch } from "./batches";
import type { Learner, LearnerState, StepValues } from "./learner";

/** For tests: a device that can vanish. */
export class FakeDevice {
  lost = false;
  check(): void {
    if (this.lost) throw new Error("the fake device is lost");
  }
}

/** For tests: momentum descent on a few numbers, exact and without a GPU; `spoil` makes chosen steps NaN. */
export class FakeLearner implements Learner {
  weights = Float32Array.of(1, -2, 3);
  momentum = new Float32Array(3);
  updates = 0;
  calls = 0;
  #slope: Float32Array | null = null;

  constructor(
    readonly device: FakeDevice = new FakeDevice(),
    readonly before: (call: number, batch: TrainBatch, learner: FakeLearner) => "nan" | undefined = () => undefined,
  ) {}

  async gradients(batch: TrainBatch, { lambda }: { lambda: number }): Promise<StepValues> {
    const spoiled = this.before(this.calls++, batch, this);
    this.device.check();
    const target = batch.images[0]!;
    this.#slope = this.weights.map((w) => w - target + 0.01 * lambda);
    const fine = this.#slope.reduce((sum, g) => sum + g * g, 0);
    return { loss: spoiled ? Number.NaN : fine, fine, coarse: 0, domain: null, gradNorm: Math.sqrt(fine) };
  }

  update(lr: number): void {
    this.device.check();
    this.#slope!.forEach((g, i) => {
      this.momentum[i] = 0.9 * this.momentum[i]! + g;
      this.weights[i]! -= lr * this.momentum[i]!;
    });
    this.updates++;
  }

  discard(): void {
    this.#slope = null;
  }

  async save(): Promise<LearnerState> {
    this.device.check();
    return {
      updates: this.updates,
      weights: new Map([["w", { shape: [3], data: this.weights.slice() }]]),
      moments: new Map([["w.m", { shape: [3], data: this.momentum.slice() }]]),
    };
  }

  load({ updates, weights, moments }: LearnerState): void {
    this.updates = updates;
    this.weights = weights.get("w")!.data.slice();
    this.momentum = moments.get("w.m")!.data.slice();
  }

  memory() {
    return { liveBytes: 24, peakBytes: 24 };
  }

  isLost(): boolean {
    return this.device.lost;
  }

  dispose(): void {}
}

/** For tests: `count` batches of two images, each with a target of its own. */
export function fakeBatches(count: number) {
  const batches = Array.from(
    { length: count },
    (_, k): TrainBatch => ({
      images: Float32Array.of(Math.sin(k) * 2),
      masks: new Float32Array(1),
      isPrimary: Int32Array.of(1, 0),
      size: 1,
      ids: [`p/${k}`, `a/${k}`],
    }),
  );
  return fixedBatches(batches, { primary: count, auxiliary: count });
}
