import { Adam } from "@ama-sam/nn";
import { preprocess } from "@ama-sam/sam-encoder";
import { backward, type Device, scope, tensor } from "@ama-sam/tensor";
import { type GoldenCase, type GoldenTensor, judge, type Verdict } from "@ama-sam/testing";
import { losses } from "ama-sam";
import { modelOf } from "./model-config";

/** 20 steps of Adam on the tiny model: losses, rates and prompts of every step, parameters after steps 1, 5 and 20. */
export async function runTraining(test: GoldenCase, dir: string, device: Device): Promise<Verdict[]> {
  const stored = (name: string) => test.tensors.get(name) as GoldenTensor;
  const [images, masks, flags, order] = ["in.images", "in.masks", "in.is_primary", "in.order"].map(stored);
  const { lr, decay, betas, eps, steps, steps_per_epoch, batch, w_main, w_aux, config } = test.attrs;
  const [, height, width] = images.shape;
  const model = modelOf(test, dir, device);
  const optimiser = new Adam(model.trainable(), { lr, betas, eps });
  const verdicts: Verdict[] = [];
  const log: number[] = [];
  const prompts: number[] = [];
  for (let k = 0; k < steps; k++) {
    const pick = Array.from({ length: batch }, (_, i) => Number(order.data[k * batch + i]));
    const rate = lr * decay ** Math.floor(k / steps_per_epoch);
    await scope(device, "golden step", async () => {
      const bytes = images.data as Uint8Array;
      const plane = height * width;
      const x = preprocess(
        device,
        pick.map((i) => ({ width, height, data: bytes.subarray(i * plane * 3, (i + 1) * plane * 3) })),
        { size: width },
      );
      const label = tensor(
        device,
        pick.flatMap((i) => Array.from(masks.data.slice(i * plane, (i + 1) * plane) as Uint8Array)),
        [batch, 1, height, width],
      );
      const isPrimary = tensor(
        device,
        pick.map((i) => Number(flags.data[i])),
        [batch],
        { dtype: "i32" },
      );
      const y = model.forward(x, { isPrimary });
      const l = losses(y, label, isPrimary, {
        alpha: config.alpha,
        beta: config.beta,
        domainWeights: { primary: w_main, auxiliary: w_aux },
      });
      for (const part of [l.total, l.fine, l.domain, l.coarse]) log.push(part ? await part.item() : 0);
      log.push(rate);
      prompts.push(...(await y.prompt.data()));
      optimiser.zeroGrad();
      backward(l.total);
      optimiser.lr = rate;
      optimiser.step();
    });
    for (const name of test.tensors.keys()) {
      const prefix = `out.step${k + 1}.`;
      if (!name.startsWith(prefix)) continue;
      const p = model.stateDict().get(name.slice(prefix.length));
      verdicts.push(judge(test, name, p ? await p.data() : []));
    }
  }
  optimiser.zeroGrad();
  optimiser.dispose();
  model.dispose();
  return [judge(test, "out.log", log), judge(test, "tap.prompts", prompts), ...verdicts];
}
