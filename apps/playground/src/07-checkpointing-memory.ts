// checkpoint(fn): backward runs a part of the model again instead of keeping its activations. Memory for time, same gradients.
import { openGpu } from "@ama-sam/dawn";
import { Build, MlpBlock } from "@ama-sam/nn";
import {
  add,
  backward,
  checkpoint,
  layerNorm,
  mean,
  scope,
  square,
  type Tensor,
  tensor,
  zeroGrad,
  zeros,
} from "@ama-sam/tensor";

const device = await openGpu();
const [N, C, depth] = [1024, 64, 8];
const blocks = Array.from({ length: depth }, (_, i) => new MlpBlock(new Build(device, { seed: i }), C, 4 * C, "gelu"));
const [ones, none] = [tensor(device, new Float32Array(C).fill(1)), zeros(device, [C])];
const x = tensor(
  device,
  Float32Array.from({ length: N * C }, (_, i) => Math.sin(i)),
  [N, C],
);

/** One block: x + MLP(norm(x)). */
const run = (block: MlpBlock, h: Tensor): Tensor =>
  scope(device, "block", () => add(h, block.forward(layerNorm(h, ones, none, { eps: 1e-6 }))));

/** Peak bytes beyond the weights, and the first block's gradient, of one forward and backward pass. */
async function step(recompute: boolean): Promise<{ peak: number; ms: number; gradient: Float32Array }> {
  await device.sync();
  device.resetPeak();
  const [before, start] = [device.memory().liveBytes, performance.now()];
  scope(device, "step", () => {
    let h = x;
    for (const block of blocks) h = recompute ? checkpoint([h], (t) => run(block, t)) : run(block, h);
    backward(mean(square(h)));
  });
  const gradient = (await blocks[0].lin1.weight.grad?.data()) ?? new Float32Array();
  const ms = performance.now() - start;
  const peak = device.memory().peakBytes - before;
  for (const block of blocks) zeroGrad(block.namedParameters().values());
  return { peak, ms, gradient };
}

await step(false); // compiles the kernels
export const [kept, again] = [await step(false), await step(true)];
/** Whether the gradients are the same bits. */
export const same = kept.gradient.every((v, i) => v === again.gradient[i]);
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
console.log(`keeping activations: ${mib(kept.peak)}, ${kept.ms.toFixed(0)} ms`);
console.log(`recomputing blocks:  ${mib(again.peak)}, ${again.ms.toFixed(0)} ms`);
console.log("the same gradient, bit for bit:", same);
await device.dispose();
