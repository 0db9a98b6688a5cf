import { openTestDevice, testDevice } from "@ama-sam/testing";
import { describe, expect, test } from "vitest";
import { DeviceError, KernelError } from "../errors";
import { defineKernel } from "../kernel/define-kernel";
import { add, relu } from "../ops/index";
import { empty, scope, tensor, zeros } from "../tensor/tensor";

const lost = (error: unknown) => DeviceError.isInstance(error) && error.reason === "lost";
const caught = async (run: () => unknown) => {
  try {
    await run();
  } catch (error) {
    return error;
  }
  return null;
};

describe("a device that is gone", () => {
  for (const how of ["disposed", "lost"] as const) {
    test(`every call of a ${how} device throws DeviceError lost, and none hangs`, async () => {
      const device = await openTestDevice();
      const x = tensor(device, [1, 2, 3]);
      expect([...(await relu(x).data())]).toEqual([1, 2, 3]);
      if (how === "disposed") await device.dispose();
      else device.gpu.destroy();
      await device.lost;
      const calls: Record<string, () => unknown> = {
        data: () => x.data(),
        item: () => x.rawData(),
        write: () => x.write([1, 2, 3]),
        relu: () => relu(x),
        add: () => add(x, x),
        tensor: () => tensor(device, [1]),
        zeros: () => zeros(device, [1]),
        empty: () => empty(device, [1]),
        scope: () => scope(device, "s", () => 1),
        sync: () => device.sync(),
        flush: () => device.flush(),
        trim: () => device.trim(),
      };
      for (const [name, call] of Object.entries(calls)) {
        const error = await caught(call);
        expect(lost(error), `${name}: ${error}`).toBe(true);
      }
      x.dispose(); // freeing is always allowed
      expect(device.memory().liveBytes).toBeGreaterThanOrEqual(0);
      await device.dispose();
    });
  }

  test("dispose while results are awaited rejects them, and may be called twice", async () => {
    const device = await openTestDevice();
    let x = tensor(device, new Float32Array(1 << 16));
    for (let i = 0; i < 100; i++) x = relu(x);
    const waits = [x.data(), x.data(), device.sync()].map((wait) => wait.catch((error: unknown) => error));
    const both = [device.dispose(), device.dispose()];
    for (const error of await Promise.all(waits)) expect(lost(error), String(error)).toBe(true);
    await Promise.all(both);
    expect(device.isLost).toBe(true);
  });

  test("a loss while results are awaited rejects them", async () => {
    const device = await openTestDevice();
    const x = tensor(device, new Float32Array(1 << 16));
    const wait = relu(x)
      .data()
      .catch((error: unknown) => error);
    device.gpu.destroy();
    expect(lost(await wait)).toBe(true);
    await device.dispose();
  });

  test("a scope that a loss interrupts passes the loss on", async () => {
    const device = await openTestDevice();
    const error = await caught(() =>
      scope(device, "step", async () => {
        const x = tensor(device, [1]);
        device.gpu.destroy();
        await device.lost;
        return x.data();
      }),
    );
    expect(lost(error)).toBe(true);
    await device.dispose();
  });
});

test("a kernel that does not compile fails with its lines, at once when used again, and nothing else is hurt", async () => {
  const device = await testDevice();
  const broken = defineKernel({
    name: "broken",
    source: [
      "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1)\nfn main() {\n  y[0] = oops;\n}",
    ],
  });
  const [x, y] = [tensor(device, [1, 2]), tensor(device, [0])];
  broken.run(device, { y }, {}, [1]);
  const error = await caught(() => x.data());
  expect(KernelError.isInstance(error)).toBe(true);
  expect(String(error)).toMatch(/\[broken\].*> 4 \| {3}y\[0\] = oops;/s);
  expect(() => broken.run(device, { y }, {}, [1])).toThrow(/oops/);
  expect([...(await x.data())]).toEqual([1, 2]);
  for (const it of [x, y]) it.dispose();
});

test("an error on the GPUDevice outside the core reaches the next await", async () => {
  const device = await openTestDevice();
  const x = tensor(device, [1]);
  await device.sync();
  device.flush();
  device.gpu.createBuffer({ size: 4, usage: 0x1 | 0x80 }); // MAP_READ with STORAGE is not allowed
  const first = await caught(async () => {
    relu(x);
    await device.sync();
  });
  expect(DeviceError.isInstance(first) && first.reason).toBe("validation");
  expect([...(await x.data())]).toEqual([1]);
  await device.dispose();
});

test("bind groups of freed buffers do not outlive trim()", async () => {
  const device = await testDevice();
  for (let i = 0; i < 3; i++) {
    const [x, y] = [tensor(device, [i, -1]), zeros(device, [300])];
    expect([...(await relu(x).data())]).toEqual([i, 0]);
    x.dispose();
    y.dispose();
    device.trim();
    expect(device.memory().pooledBytes).toBe(0);
  }
});
