import { add, backward, clearGraph, type Device, mul, noGrad, scope, sum, tensor, withFlags } from "@ama-sam/tensor";
import { type AmaSam, buildModel, losses, resolveConfig } from "ama-sam";
import { guarded, type SelfTest, testValues } from "./check";

/** Two encoder blocks, one with padded windows; every part of the model at its smallest. */
const CONFIG = resolveConfig({
  model: {
    preset: "nano",
    align: "cgrl",
    // No probability reaches it: a prompt that changes with the weights would make the loss jump.
    promptThreshold: 0.999999,
    overrides: {
      encoder: { imageSize: 32, width: 24, depth: 2, heads: 2, window: 3, globalBlocks: [1], outChannels: 16 },
      samDecoder: { maskChannels: 4, heads: 2, mlpHidden: 32, iouHidden: 16 },
      discriminatorHidden: 8,
    },
  },
});
const SIDE = 32;
/** Differences of f32 results over many layers. */
const TOLERANCE = 2e-3;
const WEIGHTS = { primary: 0.7, auxiliary: 0.3 };

type Gradients = Map<string, Float32Array>;

/**
 * Checks a whole small model: every op of a forward pass against its reference, and the gradient by part of the model against
 * differences. CGRL reverses the domain loss's gradient, so that of the loss itself is put together from two strengths.
 */
export async function modelTest(device: Device): Promise<SelfTest[]> {
  const model = await buildModel(device, CONFIG);
  try {
    const gradients: Gradients[] = [];
    const results = [
      await guarded("model, forward and loss", 1e-4, async () => {
        await withFlags({ validate: true }, () => noGrad(device, () => objective(model, 0, 1)));
        return null;
      }),
      await guarded("model, backward", 0, async () => {
        for (const [primary, lambda] of [
          [0, 0],
          [0, 1],
          [1, 0],
          [1, 1],
        ] as const)
          gradients.push(await gradientsOf(model, primary, lambda));
        return 0;
      }),
    ];
    const [without, reversed, primary, primaryReversed] = gradients;
    if (!without || !reversed || !primary || !primaryReversed) return results;
    results.push(
      await guarded("model, CGRL leaves primary images alone", 1e-6, async () => distance(primary, primaryReversed)),
    );
    const isBelow = (name: string) => name.startsWith("image_encoder.");
    const truth: Gradients = new Map(
      [...without].map(([name, g]) => [name, isBelow(name) ? g.map((v, i) => 2 * v - reversed.get(name)![i]!) : g]),
    );
    const parts = new Set([...truth.keys()].map((name) => name.split(".")[0]!));
    for (const part of parts)
      results.push(await guarded(`gradient of the model's ${part}`, TOLERANCE, () => partError(model, part, truth)));
    return results;
  } finally {
    clearGraph(device);
    model.dispose();
  }
}

/**
 * The loss of one image that is primary or not, plus random projections of what goes into it: alone, the loss of untrained weights changes less
 * than its own rounding. `learn` runs after backward.
 */
async function objective(model: AmaSam, primary: 0 | 1, lambda: number, learn?: () => Promise<void>): Promise<number> {
  const { device } = model;
  return scope(device, "self-test", async () => {
    const x = tensor(device, testValues(3 * SIDE ** 2, 3), [1, 3, SIDE, SIDE]);
    const bits = testValues(SIDE ** 2, 4).map((v) => (v > 0.2 ? 1 : 0));
    const label = tensor(device, bits, [1, 1, SIDE, SIDE]);
    const isPrimary = tensor(device, [primary], [1], { dtype: "i32" });
    const output = model.forward(x, { isPrimary, lambda });
    const { total } = losses(output, label, isPrimary, { domainWeights: WEIGHTS });
    const maps = [output.logits, output.coarse, output.domain!];
    // The domain's one number must not drown in the pixels.
    const weights = maps.map((map, i) => testValues(map.size, 8 + i).map((v) => (i === 2 ? 6 : v)));
    if (learn) {
      const projected = maps.map((map, i) => sum(mul(map, tensor(device, weights[i]!, map.shape))));
      backward(projected.reduce(add, total));
      await learn();
    }
    let value = (await total.data())[0]!;
    for (const [i, map] of maps.entries()) {
      const values = await map.data();
      value += weights[i]!.reduce((all, w, k) => all + w * values[k]!, 0);
    }
    return value;
  });
}

async function gradientsOf(model: AmaSam, primary: 0 | 1, lambda: number): Promise<Gradients> {
  const out: Gradients = new Map();
  await objective(model, primary, lambda, async () => {
    for (const [name, parameter] of model.trainable()) {
      if (!parameter.grad) continue;
      out.set(name, Float32Array.from(await parameter.grad.data()));
      parameter.grad.dispose("self-test");
      parameter.grad = null;
    }
  });
  return out;
}

function distance(a: Gradients, b: Gradients): number {
  let [difference, scale] = [0, 1e-12];
  for (const [name, values] of a)
    for (const [i, v] of values.entries()) {
      difference = Math.max(difference, Math.abs(v - b.get(name)![i]!));
      scale = Math.max(scale, Math.abs(v));
    }
  return difference / scale;
}

/** Steps along a part's gradient: the loss must rise by its length. */
async function partError(model: AmaSam, part: string, gradients: Gradients): Promise<number> {
  const mine = [...gradients].filter(([name]) => name.split(".")[0] === part);
  const length = Math.sqrt(mine.reduce((sum, [, g]) => sum + g.reduce((s, v) => s + v * v, 0), 0));
  if (length === 0) throw new Error("its gradient is zero");
  const parameters = model.trainable();
  const before = new Map<string, Float32Array>();
  for (const [name] of mine) before.set(name, Float32Array.from(await parameters.get(name)!.data()));
  const at = async (step: number): Promise<number> => {
    for (const [name, g] of mine)
      parameters.get(name)!.write(before.get(name)!.map((v, i) => v + (step * g[i]!) / length));
    return noGrad(model.device, () => objective(model, 0, 1));
  };
  // Rounding of the loss costs up to 4e-4 at this step, and the bend of the function no more; at twice the step it is 2e-3 in the encoder.
  const step = Math.min(0.02, 0.005 / length);
  const slope =
    (8 * ((await at(step)) - (await at(-step))) - ((await at(2 * step)) - (await at(-2 * step)))) / (12 * step);
  await at(0);
  return Math.abs(slope - length) / length;
}
