// AMA-SAM with a decoder of your own: a few convolutions in the place of the HR-Decoder, trained for some steps.
import { domainWeights } from "@ama-sam/cgrl";
import { openGpu } from "@ama-sam/dawn";
import { Adam, type Build, Build as Builder, Conv2d, ConvTranspose2d, Module } from "@ama-sam/nn";
import { add, backward, gelu, scope, tensor } from "@ama-sam/tensor";
import { AmaSam, type Decoder, freeze, losses, PRESETS } from "ama-sam";

/** Anything with this forward is a decoder; no base class. This one also sees SPGen's prompt, through `dense`. */
class SmallDecoder extends Module implements Decoder {
  readonly up: ConvTranspose2d;
  readonly mix: Conv2d;
  readonly draw: ConvTranspose2d;

  constructor(build: Build, channels: number) {
    super(build);
    this.up = this.child("up", (b) => new ConvTranspose2d(b, channels, 16));
    this.mix = this.child("mix", (b) => new Conv2d(b, 16, 16, 3, { padding: 1 }));
    this.draw = this.child("draw", (b) => new ConvTranspose2d(b, 16, 1));
  }

  forward({ embedding, dense }: Parameters<Decoder["forward"]>[0]): ReturnType<Decoder["forward"]> {
    return scope(this.device, "small decoder", () => {
      const h = gelu(this.up.forward(add(embedding, dense)));
      return { logits: this.draw.forward(gelu(this.mix.forward(h))) };
    });
  }
}

const device = await openGpu();
const [{ nano }, size] = [PRESETS, 64];
const encoder = { ...nano.encoder, imageSize: size, width: 48, depth: 2, globalBlocks: [1] };
const config = { ...nano, encoder, samDecoder: { ...nano.samDecoder, imageSize: size, grid: 8 } };
const model = new AmaSam(new Builder(device, { seed: 1 }), config, {
  decoder: (build, parts) => new SmallDecoder(build, parts.config.encoder.outChannels),
});
freeze(model, "all"); // from scratch; "adapters" when SAM's weights are loaded
const adam = new Adam(model.trainable(), { lr: 2e-3 });

// Two images with a round nucleus each; the second one is of an auxiliary set, with another stain.
const inside = (i: number) => Number(Math.hypot((i % size) - 30, (Math.floor(i / size) % size) - 26) < 15);
const mask = Float32Array.from({ length: 2 * size ** 2 }, (_, i) => inside(i));
const images = Float32Array.from({ length: 6 * size ** 2 }, (_, i) => 1.5 * inside(i) - Number(i < 3 * size ** 2));
/** The total loss of every step. */
export const totals: number[] = [];
for (let step = 0; step < 20; step++) {
  await scope(device, "step", async () => {
    const isPrimary = tensor(device, [1, 0], [2], { dtype: "i32" });
    const label = tensor(device, mask, [2, 1, size, size]);
    const output = model.forward(tensor(device, images, [2, 3, size, size]), { isPrimary });
    const { total } = losses(output, label, isPrimary, { domainWeights: domainWeights(1, 1) });
    totals.push(await total.item());
    adam.zeroGrad();
    backward(total);
    adam.step();
  });
}
console.log("loss", totals.map((v) => v.toFixed(3)).join(" "));
console.log([...model.stateDict().keys()].filter((name) => name.startsWith("decoder.")).join(" "));
await device.dispose();
