import { expect, test } from "vitest";
import { create } from "webgpu";
import { createDevice } from "./device";

const UNITS = { componentType: "f16", resultComponentType: "f32", M: 16, N: 16, K: 16 };

/** A device of Dawn's null backend, which knows the matrix units' words but lists none, on an adapter that lists these. */
async function abilitiesWith(configs: readonly object[], code?: string): Promise<boolean> {
  const instance = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
  const adapter = await instance.requestAdapter();
  if (!adapter) throw new Error("no null backend");
  const info = new Proxy(adapter.info, {
    get: (own, name) => (name === "subgroupMatrixConfigs" ? configs : Reflect.get(own, name, own)),
  });
  const requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
    const gpu = await adapter.requestDevice(descriptor);
    const make = gpu.createShaderModule.bind(gpu);
    return Object.assign(gpu, {
      createShaderModule: (it: GPUShaderModuleDescriptor) => make({ ...it, code: code ?? it.code }),
    });
  };
  const listing = new Proxy(adapter, {
    get: (own, name) =>
      name === "info" ? info : name === "requestDevice" ? requestDevice : Reflect.get(own, name, own),
  });
  const device = await createDevice({ adapter: listing, retain: [instance, adapter] });
  const { subgroupMatrix } = device.abilities;
  await device.dispose();
  return subgroupMatrix;
}

test("matrix units are used where the adapter lists f16 into f32 sums of 16 x 16 x 16", async () => {
  expect(await abilitiesWith([])).toBe(false);
  expect(await abilitiesWith([{ ...UNITS, N: 8 }, UNITS])).toBe(true);
  expect(await abilitiesWith([{ ...UNITS, N: 8 }])).toBe(false);
  expect(await abilitiesWith([{ ...UNITS, resultComponentType: "f16" }])).toBe(false);
});

test("and where this WebGPU has the kernels' words for them", async () => {
  const older = "enable chromium_experimental_subgroup_matrix; @compute @workgroup_size(32) fn main() { other(); }";
  expect(await abilitiesWith([UNITS], older)).toBe(false);
});
