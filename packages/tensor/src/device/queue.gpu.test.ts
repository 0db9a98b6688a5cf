import { openTestDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { defineKernel } from "../kernel/define-kernel";
import { empty } from "../tensor/tensor";

const kernel = defineKernel({
  name: "queue-test",
  source: [
    "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1) fn main() { y[0] += 1.0; }",
  ],
});

test("a submission ends after 64 launches, or before the one that would make it more work than a slow GPU does in a second or two", async () => {
  const device = await openTestDevice();
  const y = empty(device, [4]);
  y.write(new Float32Array(4));
  const submitted = async (launches: number, flops: number) => {
    await device.sync();
    const before = device.queue.counts.submits;
    for (let i = 0; i < launches; i++) kernel.run(device, { y }, {}, [1], {}, flops);
    return device.queue.counts.submits - before; // of those that were full; the last one still waits
  };
  expect(await submitted(64, 0)).toBe(0);
  expect(await submitted(65, 0)).toBe(1);
  expect(await submitted(2, 100e9)).toBe(0);
  expect(await submitted(5, 100e9)).toBe(2);
  expect(await submitted(3, 1e12)).toBe(2); // each by itself, and none before the first
  expect((await y.data())[0]).toBe(64 + 65 + 2 + 5 + 3);
  y.dispose();
  await device.dispose();
});
