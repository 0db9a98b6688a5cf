// Memory for time, same gradients: backward makes the MLPs' hidden values again, or with checkpoint(fn) all of a block.
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

type Again = "nothing" | "mlp" | "block";

/** One block: x + MLP(norm(x)). */
const run = (block: MlpBlock, h: Tensor, again: Again): Tensor =>
  scope(device, "block", () => add(h, block.forward(layerNorm(h, ones, none), { recompute: again === "mlp" })));

/** Peak bytes beyond the weights, and the first block's gradient, of one forward and backward pass. */
async function step(again: Again): Promise<{ peak: number; ms: number; gradient: Float32Array }> {
  await device.sync();
  device.resetPeak();
  const [before, start] = [device.memory().liveBytes, performance.now()];
  scope(device, "step", () => {
    let h = x;
    for (const block of blocks)
      h = again === "block" ? checkpoint([h], (t) => run(block, t, again)) : run(block, h, again);
    backward(mean(square(h)));
  });
  const gradient = (await blocks[0].lin1.weight.grad?.data()) ?? new Float32Array();
  const ms = performance.now() - start;
  const peak = device.memory().peakBytes - before;
  for (const block of blocks) zeroGrad(block.namedParameters().values());
  return { peak, ms, gradient };
}

for (const again of ["nothing", "mlp"] as const) await step(again); // compiles the kernels
export const [kept, mlps, again] = [await step("nothing"), await step("mlp"), await step("block")];
/** Whether the gradients are the same bits. */
export const same = kept.gradient.every((v, i) => v === again.gradient[i]);
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
console.log(`keeping activations: ${mib(kept.peak)}, ${kept.ms.toFixed(0)} ms`);
console.log(`MLPs made again:     ${mib(mlps.peak)}, ${mlps.ms.toFixed(0)} ms`);
console.log(`blocks made again:   ${mib(again.peak)}, ${again.ms.toFixed(0)} ms`);
console.log("the same gradient, bit for bit:", same);
await device.dispose();
