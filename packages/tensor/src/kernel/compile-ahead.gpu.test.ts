import { backward, compileAhead, defineKernel, gelu, linear, scope, sum, tensor } from "@ama-sam/tensor";
import { openTestDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";

test("compiles what a step launches, all at once and before any of it runs", async () => {
  const device = await openTestDevice();
  const x = tensor(device, [1, 2, 3, 4, 5, 6], [2, 3]);
  const w = tensor(device, [1, 0, -1, 0.5, 0.5, 0.5], [2, 3], { requiresGrad: true });
  const step = () => {
    w.grad?.dispose();
    w.grad = null;
    scope(device, "step", () => backward(sum(gelu(linear(x, w)))));
  };
  const before = device.queue.counts.dispatches;
  const seen: number[] = [];
  const count = await compileAhead(device, step, ({ done, total }) => seen.push(done / total));
  expect(count).toBeGreaterThan(4);
  expect(device.queue.counts.dispatches).toBe(before);
  expect(seen).toHaveLength(count);
  expect(seen.at(-1)).toBe(1);
  expect(device.pipelines.size).toBe(count);
  step();
  expect(device.pipelines.size).toBe(count); // nothing new
  expect(device.queue.counts.dispatches).toBeGreaterThan(before);
  expect((await w.grad?.data())?.every(Number.isFinite)).toBe(true);
  expect(await compileAhead(device, step)).toBe(0);
  await device.dispose();
});

test("a kernel that does not compile is told on use, with its lines", async () => {
  const device = await openTestDevice();
  const broken = defineKernel({
    name: "broken",
    source: [
      "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1) fn main() { y[0] = nothing; }",
    ],
  });
  const y = tensor(device, [1]);
  expect(await compileAhead(device, () => broken.run(device, { y }, {}, [1]))).toBe(1);
  broken.run(device, { y }, {}, [1]);
  await expect(device.sync()).rejects.toThrow(/broken/);
  await device.dispose().catch(() => {});
});
