// Tensors, gradients and memory: fit a line to points.
import { openGpu } from "@ama-sam/dawn";
import { add, backward, mean, mul, scope, square, sub, tensor, zeroGrad } from "@ama-sam/tensor";

const device = await openGpu();

// Ops are functions named as in PyTorch; shapes broadcast from the right. Only data() and item() wait.
const a = tensor(device, [1, 2, 3, 4, 5, 6], [2, 3]);
const b = tensor(device, [10, 20, 30]);
console.log(add(a, b).toString(), ...(await add(a, b).data())); // [2, 3]: 11 22 33 14 25 36

// Leaves with requiresGrad get .grad from backward().
const x = tensor(
  device,
  Float32Array.from({ length: 32 }, (_, i) => i / 32),
);
const y = tensor(
  device,
  Float32Array.from({ length: 32 }, (_, i) => 3 * (i / 32) - 1 + 0.01 * Math.sin(9 * i)),
);
const slope = tensor(device, [0], [], { requiresGrad: true });
const offset = tensor(device, [0], [], { requiresGrad: true });
for (let step = 0; step < 150; step++) {
  // A scope frees every tensor made in it, but those that it returns.
  await scope(device, "step", async () => {
    const loss = mean(square(sub(add(mul(x, slope), offset), y)));
    backward(loss);
    for (const p of [slope, offset]) {
      const gradient = p.grad;
      if (gradient) p.write([(await p.item()) - 0.7 * (await gradient.item())]);
    }
    zeroGrad([slope, offset]);
    if (step % 50 === 0) console.log(`step ${step}: loss ${(await loss.item()).toFixed(4)}`);
  });
}
/** Slope and offset, close to 3 and -1. */
export const line = [await slope.item(), await offset.item()];
console.log("line:", ...line.map((v) => v.toFixed(2)));

const { liveBuffers, peakBytes } = device.memory();
console.log(`${liveBuffers} buffers live, at most ${peakBytes} bytes`);
await device.dispose();
