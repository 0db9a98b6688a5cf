import { domainWeights } from "@ama-sam/cgrl";
import { normalizeToPlanar } from "@ama-sam/data";
import type { Device } from "@ama-sam/tensor";
import { type GoldenCase, type GoldenTensor, judge, type Verdict } from "@ama-sam/testing";
import { AmaSamLearner, type TrainBatch } from "ama-sam";
import { modelOf } from "./model-config";

/**
 * 20 steps of the engine's own learner on the tiny model: losses, rates and prompts of every step, parameters after steps 1, 5 and 20.
 * The same run by the command, from files, is a test of the trainer.
 */
export async function runTraining(test: GoldenCase, dir: string, device: Device): Promise<Verdict[]> {
  const stored = (name: string) => test.tensors.get(name) as GoldenTensor;
  const [images, masks, flags, order] = ["in.images", "in.masks", "in.is_primary", "in.order"].map(stored);
  const { lr, decay, betas, eps, steps, steps_per_epoch, batch, config } = test.attrs;
  const [count, height, width] = images.shape;
  const plane = height * width;
  const planar = (i: number) =>
    normalizeToPlanar((images.data as Uint8Array).subarray(i * plane * 3, (i + 1) * plane * 3), plane);
  const join = (parts: Iterable<number>[]) => Float32Array.from(parts.flatMap((part) => [...part]));
  const batchAt = (k: number): TrainBatch => {
    const pick = Array.from({ length: batch }, (_, j) => Number(order.data[k * batch + j]));
    return {
      images: join(pick.map(planar)),
      masks: join(pick.map((i) => (masks.data as Uint8Array).subarray(i * plane, (i + 1) * plane))),
      isPrimary: Int32Array.from(pick, (i) => Number(flags.data[i])),
      size: width,
      ids: pick.map(String),
    };
  };
  const model = modelOf(test, dir, device);
  const prompts: number[] = [];
  let reads: Promise<ArrayLike<number>>[] = [];
  const forward = model.forward.bind(model);
  model.forward = (x, options) => {
    const y = forward(x, options);
    reads.push(y.prompt.data());
    return y;
  };
  const primary = [...flags.data].filter((flag) => Number(flag) === 1).length;
  const learner = new AmaSamLearner(model, {
    adam: { betas, eps },
    alpha: config.alpha,
    beta: config.beta,
    domainWeights: domainWeights(primary, count - primary),
  });
  const verdicts: Verdict[] = [];
  const log: number[] = [];
  for (let k = 0; k < steps; k++) {
    const rate = lr * decay ** Math.floor(k / steps_per_epoch);
    const { loss, fine, domain, coarse } = await learner.gradients(batchAt(k), { lambda: config.grl_lambda });
    // The last pass of a step is the step: one before the first only compiles its kernels.
    prompts.push(...Array.from((await Promise.all(reads)).at(-1) ?? []));
    reads = [];
    learner.update(rate);
    log.push(loss, fine, domain ?? 0, coarse, rate);
    for (const name of test.tensors.keys()) {
      const prefix = `out.step${k + 1}.`;
      if (!name.startsWith(prefix)) continue;
      const p = model.stateDict().get(name.slice(prefix.length));
      verdicts.push(judge(test, name, p ? await p.data() : []));
    }
  }
  learner.dispose();
  return [judge(test, "out.log", log), judge(test, "tap.prompts", prompts), ...verdicts];
}
