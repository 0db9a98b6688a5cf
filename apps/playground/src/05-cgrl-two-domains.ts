// CGRL alone, in a small classifier of two domains: can a linear probe still tell an auxiliary sample from a primary one, and whose
// features moved for it? First encoder and classifier learn alone, then with a discriminator behind no, a plain or the conditional layer.
import { cgrl, Discriminator, domainLoss, grl } from "@ama-sam/cgrl";
import { openGpu } from "@ama-sam/dawn";
import { Adam, Build, Linear, Mlp } from "@ama-sam/nn";
import { add, backward, mean, mul, noGrad, reshape, scope, softplus, sub, tensor } from "@ama-sam/tensor";
import { D, F, moved, N, primary, probed, sample } from "./two-domains";

const device = await openGpu();
const [RATE, CRITIC_RATE, LAMBDA] = [2e-3, 3e-3, 3];
type Align = "none" | "grl" | "cgrl";

async function experiment(align: Align) {
  const encoder = new Mlp(new Build(device, { seed: 1 }), D, 32, F, 2);
  const classifier = new Linear(new Build(device, { seed: 2 }), F, 1);
  const discriminator = new Discriminator(new Build(device, { seed: 3 }), F, 32);
  const train = (steps: number, layer: Align) => {
    const rates = [RATE, RATE, CRITIC_RATE];
    const adams = [encoder, classifier, discriminator].map((m, i) => new Adam(m.trainable(), { lr: rates[i] }));
    for (let step = 0; step < steps; step++) {
      scope(device, "step", () => {
        const { x, y } = sample(step % 40);
        const [target, flags] = [tensor(device, y, [N, 1]), tensor(device, primary, [N], { dtype: "i32" })];
        const features = encoder.forward(tensor(device, x, [N, D])); // [N, F]
        const z = classifier.forward(features); // both domains are labelled, as in AMA-SAM
        let loss = mean(sub(softplus(z), mul(z, target)));
        if (layer !== "none") {
          const reversed = layer === "cgrl" ? cgrl(features, flags, LAMBDA) : grl(features, LAMBDA);
          const domain = discriminator.forward(reshape(reversed, [N, F, 1, 1]));
          loss = add(loss, domainLoss(domain, flags, { primary: 1, auxiliary: 1 }));
        }
        backward(loss);
        for (const adam of adams) {
          adam.step();
          adam.zeroGrad();
        }
      });
    }
  };
  const look = (seed: number) =>
    scope(device, "look", () => noGrad(device, () => encoder.forward(tensor(device, sample(seed).x, [N, D])).data()));
  train(200, "none");
  const before = await look(1001);
  train(400, align);
  const [others, after] = [await look(1000), await look(1001)];
  const read = (labels: number[], half: number) => probed(others, after, labels, half);
  return { probe: read(primary, 0), moved: moved(before, after, 1), classes: read(sample(1001).y, 1) };
}

const percent = (v: number) => `${(100 * v).toFixed(0)} %`;
/** Of unseen samples: auxiliary ones that the probe recognises, how far primary features moved, primary classes read right. */
export const results = { none: await experiment("none"), grl: await experiment("grl"), cgrl: await experiment("cgrl") };
console.log("layer: auxiliary samples recognised (chance 50 %), primary features moved, primary classes right");
for (const [name, r] of Object.entries(results))
  console.log(`${name}: ${percent(r.probe)}, ${percent(r.moved)}, ${percent(r.classes)}`);
await device.dispose();
