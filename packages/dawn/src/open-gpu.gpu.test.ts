import { type Device, DeviceError, empty, tensor } from "@ama-sam/tensor";
import { afterEach, describe, expect, it } from "vitest";
import { findLavapipe } from "./drivers";
import { AdapterError, listAdapters, type OpenGpuOptions, openGpu } from "./index";
import { liveInstances } from "./instance";
import { isSwiftShaderPlatform } from "./swiftshader";

const devices: Device[] = [];
const quiet = () => {};
async function open(options: OpenGpuOptions = {}): Promise<Device> {
  const device = await openGpu({ log: quiet, ...options });
  devices.push(device);
  return device;
}
/** Other files of this run share the process and may hold devices. */
const before = liveInstances();
afterEach(async () => {
  for (const device of devices.splice(0)) await device.dispose();
  expect(liveInstances()).toBe(before);
});

const NUMBERS = [1, 2, 3.5, -4];
async function roundTrip(device: Device): Promise<number[]> {
  return [...(await tensor(device, NUMBERS).data())];
}

describe("openGpu", () => {
  it("opens the best adapter, says which, and frees it", async () => {
    const log: string[] = [];
    const device = await open({ log: (line) => log.push(line) });
    expect(await roundTrip(device)).toEqual(NUMBERS);
    expect(log).toHaveLength(1);
    expect(log[0]).toContain(`GPU: ${device.info.name} (${device.info.kind}`);
    if (device.info.kind === "software") expect(log[0]).toContain("install");
    expect(liveInstances()).toBe(before + 1);
    await device.dispose();
    await expect(device.sync()).rejects.toThrow("disposed");
  });

  it("lets an adapter pass for another kind", async () => {
    const device = await open({ info: { kind: "hardware" } });
    expect(device.info).toMatchObject({ kind: "hardware", name: (await open()).info.name });
    expect(await roundTrip(device)).toEqual(NUMBERS);
  });

  it("lists what is here, in an order whose index opens it", async () => {
    const list = await listAdapters();
    expect(liveInstances()).toBe(before);
    expect(list.length).toBeGreaterThan(0);
    for (const { index, name, kind, limits, features, f16 } of list) {
      const device = await open({ adapter: index });
      expect([device.info.name, device.info.kind]).toEqual([name, kind]);
      expect(limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(128 * 1024 * 1024);
      expect(device.abilities.f16).toBe(f16);
      expect(features.includes("shader-f16")).toBe(f16);
    }
    const named = await open({ adapter: String(list[0].index) });
    expect(named.info.name).toBe(list[0].name);
    expect((await open({ adapter: list[0].name.toUpperCase() })).info.name).toBe(list[0].name);
  });

  it("answers an unknown name or index with what is here", async () => {
    const list = await listAdapters();
    for (const adapter of ["no such card", list.length]) {
      const error = await openGpu({ adapter }).catch((e: unknown) => e);
      if (!AdapterError.isInstance(error)) throw error;
      expect(error.reason).toBe("not-found");
      expect(error.available).toHaveLength(list.length);
      for (const { name, index } of list) expect(error.message).toContain(`${index}: ${name}`);
    }
  });

  it("takes AMA_SAM_ADAPTER where the caller names none", async () => {
    const old = process.env.AMA_SAM_ADAPTER;
    process.env.AMA_SAM_ADAPTER = "no such card";
    try {
      await expect(openGpu()).rejects.toThrow("no such card");
      await open({ adapter: 0 });
    } finally {
      if (old === undefined) delete process.env.AMA_SAM_ADAPTER;
      else process.env.AMA_SAM_ADAPTER = old;
    }
  });

  it("never takes software when told so", async () => {
    const hardware = (await listAdapters()).some((it) => it.kind === "hardware");
    const result = await open({ software: "never", adapter: "" }).catch((e: unknown) => e);
    if (hardware) expect((result as Device).info.kind).toBe("hardware");
    else expect(String(result)).toContain("no hardware adapter. This machine offers 0:");
  });

  it.runIf(isSwiftShaderPlatform())("takes software when told so, and the bundled one by name", async () => {
    const old = process.env.VK_DRIVER_FILES;
    expect((await open({ software: "always", adapter: "" })).info.kind).toBe("software");
    expect((await open({ adapter: "swiftshader" })).info.architecture).toBe("swiftshader");
    expect(process.env.VK_DRIVER_FILES).toBe(old);
  });

  it.runIf(isSwiftShaderPlatform() && findLavapipe().length > 0)(
    "holds SwiftShader and lavapipe in one process, opened at the same moment",
    async () => {
      const names = ["swiftshader", "lavapipe", "SwiftShader", "llvmpipe"];
      const all = await Promise.all(names.map((adapter) => open({ adapter })));
      expect(all.map((device) => device.info.vendor)).toEqual(["google", "mesa", "google", "mesa"]);
      expect(await Promise.all(all.map(roundTrip))).toEqual(names.map(() => NUMBERS));
      await all[0].dispose();
      expect(await roundTrip(all[1])).toEqual(NUMBERS);
    },
  );
});

describe("errors of the device reach who awaits", () => {
  it("validation, once, and the device goes on", async () => {
    const device = await open();
    device.gpu.createBuffer({ size: 4, usage: 0x1 | 0x80 }); // MAP_READ with STORAGE
    const error = await device.sync().catch((e: unknown) => e);
    expect(DeviceError.isInstance(error) && error.reason).toBe("validation");
    expect(await roundTrip(device)).toEqual(NUMBERS);
  });

  it("loss", async () => {
    const device = await open();
    const kept = tensor(device, NUMBERS);
    device.gpu.destroy();
    await device.lost;
    for (const attempt of [() => device.sync(), () => kept.data(), async () => tensor(device, NUMBERS).data()]) {
      const error = await attempt().catch((e: unknown) => e);
      expect(DeviceError.isInstance(error) && error.reason).toBe("lost");
    }
  });

  it("a tensor beyond the adapter's limit", async () => {
    const device = await open();
    const size = device.limits.maxStorageBufferBindingSize / 4 + 1;
    expect(() => empty(device, [size])).toThrow(/Got \d+ bytes. Expected at most \d+ bytes/);
  });

  it.runIf(isSwiftShaderPlatform())("memory that runs out, and the device goes on", async () => {
    const device = await open({ adapter: "swiftshader" });
    // SwiftShader states a limit of 1 GiB and then refuses exactly that; nothing is touched.
    empty(device, [device.limits.maxStorageBufferBindingSize / 4]);
    const error = await device.sync().catch((e: unknown) => e);
    expect(DeviceError.isInstance(error) && error.reason).toBe("out-of-memory");
    expect(String(error)).toContain("Use a smaller batch");
    expect(await roundTrip(device)).toEqual(NUMBERS);
  });
});
