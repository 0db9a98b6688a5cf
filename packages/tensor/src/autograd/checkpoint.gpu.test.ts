import { expectNoLeak, Random, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";
import type { Device } from "../device/device";
import { gelu, linear, mul } from "../ops/index";
import { scope, type Tensor, tensor } from "../tensor/tensor";
import { checkpoint } from "./checkpoint";
import { backward, gradEnabled, noGrad, zeroGrad } from "./tape";

interface Net {
  x: Tensor;
  weights: Tensor[];
  ones: Tensor;
}

function net(device: Device, rows: number, blocks: number, trainableInput: boolean): Net {
  const random = new Random(3);
  const make = (shape: number[], requiresGrad: boolean) =>
    tensor(device, random.normals(shape[0] * shape[1], 0.3), shape, { requiresGrad });
  return {
    x: make([rows, 16], trainableInput),
    weights: Array.from({ length: blocks * 2 }, (_, i) => make(i % 2 ? [16, 64] : [64, 16], true)),
    ones: tensor(device, new Float32Array(rows * 16).fill(1), [rows, 16]),
  };
}

const block = (x: Tensor, [a, b]: Tensor[]) => gelu(linear(gelu(linear(x, a)), b));
const pair = (weights: Tensor[], i: number) => weights.slice(2 * i, 2 * i + 2);

async function gradients({ x, weights, ones }: Net, run: () => Tensor): Promise<(number[] | null)[]> {
  const y = run();
  backward(y, { gradient: ones });
  const out: (number[] | null)[] = [];
  for (const p of [x, ...weights]) out.push(p.grad ? [...(await p.grad.data())] : null);
  zeroGrad([x, ...weights]);
  return out;
}

for (const trainableInput of [true, false]) {
  test(`gradients are bit for bit those without it, ${trainableInput ? "with" : "without"} a trainable input`, async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const it = net(device, 24, 2, trainableInput);
      const plain = () => block(block(it.x, pair(it.weights, 0)), pair(it.weights, 1));
      const kept = await gradients(it, plain);
      expect(kept[0] === null).toBe(!trainableInput);
      for (const w of kept.slice(1)) expect(w?.some((v) => v !== 0)).toBe(true);
      const each = () => {
        const h = checkpoint([it.x], (x) => block(x, pair(it.weights, 0)));
        return checkpoint([h], (x) => block(x, pair(it.weights, 1)));
      };
      expect(await gradients(it, each)).toEqual(kept);
      const nested = () =>
        checkpoint([it.x], (x) => {
          const h = checkpoint([x], (u) => block(u, pair(it.weights, 0)));
          return block(h, pair(it.weights, 1));
        });
      expect(await gradients(it, nested)).toEqual(kept);
      const before = () => checkpoint([block(it.x, pair(it.weights, 0))], (x) => block(x, pair(it.weights, 1)));
      expect(await gradients(it, before)).toEqual(kept);
    });
  });
}

test("keeps only inputs: a lower peak over several blocks", async () => {
  const device = await testDevice();
  const peak = async (recompute: boolean) => {
    let bytes = 0;
    await expectNoLeak(device, async () => {
      const it = net(device, 2048, 4, false);
      device.resetPeak();
      const start = device.memory().liveBytes;
      scope(device, "step", () => {
        let h = it.x;
        for (let i = 0; i < 4; i++)
          h = recompute ? checkpoint([h], (x) => block(x, pair(it.weights, i))) : block(h, pair(it.weights, i));
        backward(h, { gradient: it.ones });
      });
      await device.sync();
      bytes = device.memory().peakBytes - start;
      zeroGrad(it.weights);
    });
    return bytes;
  };
  const [plain, recomputed] = [await peak(false), await peak(true)];
  expect(recomputed).toBeLessThan(plain * 0.6);
});

test("saves nothing under noGrad, and with nothing trainable inside", async () => {
  const device = await testDevice();
  await expectNoLeak(device, async () => {
    const it = net(device, 8, 1, false);
    const run = () => checkpoint([it.x], (x) => block(x, it.weights));
    const y = noGrad(device, run);
    expect(y.requiresGrad).toBe(false);
    for (const w of it.weights) w.requiresGrad = false;
    expect(run().requiresGrad).toBe(false);
  });
});

test("a function that hands its input or a parameter through", async () => {
  const device = await testDevice();
  await expectNoLeak(device, async () => {
    const it = net(device, 8, 1, true);
    expect(checkpoint([it.x], (x) => x)).toBe(it.x);
    expect(checkpoint([it.x], () => it.weights[0])).toBe(it.weights[0]);
    expect(it.weights[0].node).toBeNull();
  });
});

test("the same tensor twice as input adds its gradients", async () => {
  const device = await testDevice();
  await expectNoLeak(device, async () => {
    const x = tensor(device, [1, 2], [2], { requiresGrad: true });
    backward(
      checkpoint([x, x], (a, b) => mul(mul(a, a), b)),
      { gradient: tensor(device, [1, 1]) },
    );
    expect([...((await x.grad?.data()) ?? [])]).toEqual([3, 12]);
    zeroGrad([x]);
  });
});

test("an error in the function, in either pass, leaves device and recording usable", async () => {
  const device = await testDevice();
  await expectNoLeak(device, async () => {
    const it = net(device, 8, 1, true);
    const fails = () => {
      throw new Error("no pass");
    };
    expect(() => checkpoint([it.x], fails)).toThrow("no pass");
    expect(gradEnabled(device)).toBe(true);
    let passes = 0;
    const y = checkpoint([it.x], (x) => {
      const h = block(x, it.weights);
      if (++passes === 2) throw new Error("no second pass");
      return h;
    });
    expect(() => backward(y, { gradient: it.ones })).toThrow("no second pass");
    expect(gradEnabled(device)).toBe(true);
    zeroGrad([it.x, ...it.weights]);
    const grads = await gradients(it, () => block(it.x, it.weights));
    expect(grads.every((g) => g !== null)).toBe(true);
  });
});
