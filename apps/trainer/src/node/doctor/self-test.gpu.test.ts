import { openTestDevice, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { CASES } from "./cases";
import { modelTest } from "./model-test";
import { opTests, selfTest } from "./self-test";

test("every op and a small model pass on this adapter, and leave nothing behind", async () => {
  const device = await testDevice();
  const before = device.memory().liveBytes;
  const results = await selfTest(device);
  expect(results.filter((result) => !result.ok)).toEqual([]);
  expect(results.length).toBeGreaterThan(140);
  expect(device.memory().liveBytes).toBe(before);
});

/** Kernels that do nothing, and the op whose check must notice it. */
const BROKEN = [
  ["windows", "windowPartition"],
  ["rel-pos-grad-table", "qkvAttention"],
  ["embedding-grad", "embedding"],
  ["dice-focal-grad", "diceFocalLossWithLogits"],
  ["conv2d-col2im", "convTranspose2d"],
  ["max-pool2d-grad", "maxPool2d"],
  ["layer-norm-params", "layerNorm"],
  ["adam", "adamStep"],
  ["phase-blend-grad", null],
  ["gradient-reversal-grad", null],
  ["domain-loss", null],
] as const;

test.each(BROKEN)("a kernel %s that does nothing is found", async (kernel, op) => {
  const device = await openTestDevice();
  const make = device.gpu.createShaderModule.bind(device.gpu);
  let broken = 0;
  Object.defineProperty(device.gpu, "createShaderModule", {
    value: (descriptor: GPUShaderModuleDescriptor) => {
      if (descriptor.label !== kernel && !descriptor.label?.startsWith(`${kernel}[`)) return make(descriptor);
      const code = descriptor.code.replace(/(fn main\([^{]*\{)/, "$1 if (true) { return; }");
      broken += Number(code !== descriptor.code);
      return make({ ...descriptor, code });
    },
  });
  const cases = CASES.filter((one) => one.op === op);
  const results = op === null ? await modelTest(device) : await opTests(device, cases);
  await device.dispose();
  expect(broken).toBeGreaterThan(0);
  expect(results.filter((result) => !result.ok)).not.toEqual([]);
});
