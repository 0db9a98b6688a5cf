import {
  backward,
  createDevice,
  type Device,
  DeviceError,
  linear,
  mul,
  noGrad,
  relu,
  reshape,
  scope,
  type Tensor,
  tensor,
  withFlags,
  zeroGrad,
  zeros,
} from "@ama-sam/tensor";
import { expect, test } from "vitest";
import { openTestDevice } from "./device";
import { type Faults, faultAdapter, injectFaults } from "./fault";
import type { FaultCall } from "./fault-plan";
import { Random } from "./random";

/** An adapter that gives the GPUDevice of an open device, so that any test machine can run this. */
function adapterOf(device: Device): GPUAdapter {
  const { features, limits } = device.gpu;
  const info = { vendor: "", architecture: "", device: "", description: "stand-in", isFallbackAdapter: true };
  return { features, limits, info, requestDevice: async () => device.gpu } as unknown as GPUAdapter;
}

const soon = <T>(promise: Promise<T>): Promise<T> =>
  Promise.race([promise, new Promise<T>((_, reject) => setTimeout(() => reject(new Error("hung for 20 s")), 20_000))]);

/** Two steps of a small net with plain gradient descent through `write`: uploads, kernels and read-backs alternate. */
async function train(device: Device, steps = 2): Promise<number> {
  const random = new Random(1);
  const w = [
    tensor(device, random.normals(24), [6, 4], { requiresGrad: true, tag: "params" }),
    tensor(device, random.normals(6), [1, 6], { requiresGrad: true, tag: "params" }),
  ];
  let last = Number.NaN;
  for (let step = 0; step < steps; step++) {
    last = await scope(device, "step", async () => {
      const x = tensor(device, random.normals(20), [5, 4]);
      const y = linear(relu(linear(x, w[0])), w[1]);
      const loss = linear(reshape(mul(y, y), [1, 5]), tensor(device, new Array(5).fill(0.2), [1, 5]));
      backward(loss);
      for (const p of w) await descend(p);
      zeroGrad(w);
      return loss.item();
    });
  }
  for (const p of w) p.dispose();
  return last;
}

async function descend(p: Tensor): Promise<void> {
  const [now, slope] = [await p.data(), await (p.grad as Tensor).data()];
  p.write(now.map((v, i) => v - 0.01 * slope[i]));
}

async function faulty(): Promise<{ device: Device; faults: Faults }> {
  const device = await openTestDevice();
  return { device, faults: injectFaults(device.gpu) };
}

async function counted(): Promise<Record<FaultCall, number>> {
  const { device, faults } = await faulty();
  await train(device);
  const counts = { ...faults.counts };
  await device.dispose();
  return counts;
}

test("20 losses at different calls of a training step: each reaches the awaiting caller, none hangs", async () => {
  const counts = await counted();
  const calls: FaultCall[] = ["submit", "dispatch", "writeBuffer", "mapAsync", "createBuffer"];
  let losses = 0;
  for (const on of calls) {
    for (const share of [0, 0.3, 0.6, 1]) {
      const { device, faults } = await faulty();
      faults.arm({ lose: { on, at: Math.max(1, Math.round(share * counts[on])) } });
      const error = await soon(
        train(device).then(
          () => null,
          (e: unknown) => e,
        ),
      );
      const label = `${on} ${faults.counts[on]} of ${counts[on]}`;
      expect(faults.struck, label).toBe(true);
      expect(DeviceError.isInstance(error), `${label}: ${error}`).toBe(true);
      expect((error as DeviceError).reason, label).toBe("lost");
      expect(device.isLost, label).toBe(true);
      expect(() => zeros(device, [2]), label).toThrow(/lost/);
      await soon(device.dispose());
      losses++;
    }
  }
  expect(losses).toBe(20);
});

test("a wrapped adapter injects into the device made from it", async () => {
  const inner = await openTestDevice();
  const { adapter, faults } = faultAdapter(adapterOf(inner));
  const device = await createDevice({ adapter });
  expect(await train(device)).toBeGreaterThan(0);
  expect(faults.counts.dispatch).toBeGreaterThan(10);
  faults.arm({ lose: { on: "submit", at: 1 } });
  await expect(soon(train(device))).rejects.toThrow(/lost/);
  await device.dispose();
  await inner.dispose();
});

test("refused memory names who asked and what is live, and the device goes on", async () => {
  const { device, faults } = await faulty();
  const held = zeros(device, [1000], { tag: "params" });
  await device.sync();
  faults.arm({ outOfMemoryAt: 1 });
  const made = noGrad(device, () => relu(held));
  const error = (await soon(device.sync()).catch((e: unknown) => e)) as DeviceError;
  expect(error.reason).toBe("out-of-memory");
  expect(error.message).toMatch(/^\[relu\] .*Got a request of 3\.9 KiB .*its output \[1000\] .*params 4\.0 KiB/);
  // The buffer is known to be bad: using it says so at once, and freeing it does not bring it back.
  expect(() => relu(made)).toThrow(/out of memory/);
  await expect(made.data()).rejects.toThrow(/out of memory/);
  made.dispose();
  const again = relu(held);
  expect((await again.data())[0]).toBe(0);
  await device.dispose();
});

test("a mapping that fails rejects at its own caller only", async () => {
  const { device, faults } = await faulty();
  const [x, y] = [tensor(device, [1, 2]), tensor(device, [3, 4])];
  await device.sync();
  faults.arm({ failMapAt: 1 });
  await expect(x.data()).rejects.toThrow(/reading back failed/);
  expect([...(await y.data())]).toEqual([3, 4]);
  expect([...(await x.data())]).toEqual([1, 2]);
  await device.sync();
  await device.dispose();
});

test("NaN in a read-back reaches the caller; NaN in a kernel's output is found by TENSOR_NAN", async () => {
  const { device, faults } = await faulty();
  const x = tensor(device, [1, 2, 3]);
  faults.arm({ nanInReadAt: 1 });
  expect((await x.data())[0]).toBeNaN();
  expect([...(await x.data())]).toEqual([1, 2, 3]);
  faults.arm({ nanInDispatchAt: 1 });
  expect([...(await relu(x).data())]).toEqual([Number.NaN, 2, 3]);
  faults.arm({ nanInDispatchAt: 1 });
  await withFlags({ nan: true }, async () => {
    const y = relu(x);
    await expect(y.data()).rejects.toThrow(/\[relu\].*1 of 3/s);
  });
  await device.dispose();
});
