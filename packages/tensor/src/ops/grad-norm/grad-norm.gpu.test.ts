import { clipScale, gradNorm, scope, tensor } from "@ama-sam/tensor";
import { expectNoLeak, Random, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";

for (const sizes of [
  [1],
  [4096],
  [4097, 3],
  [0, 5],
  [1, 2, 3, 4, 5, 6, 7],
  [5, 0, 9000, 1, 1, 1, 2, 33, 12_289, 6],
  [3_000_001],
]) {
  test(`the norm of ${sizes.length} tensors of ${sizes}`, async () => {
    const device = await testDevice();
    const random = new Random(sizes.length);
    const values = sizes.map((n) => random.normals(n));
    const exact = Math.sqrt(values.reduce((s, x) => s + x.reduce((t, v) => t + v * v, 0), 0));
    const run = () => expectNoLeak(device, () => gradNorm(values.map((x) => tensor(device, x))).item());
    const got = await run();
    expect(Math.abs(got / exact - 1)).toBeLessThan(1e-6);
    expect(await run()).toBe(got);
  });
}

test("what lies behind a tensor's end does not count", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const used = tensor(device, new Float32Array(64).fill(9));
    used.dispose(); // the pool hands the same bytes out again
    expect(await gradNorm([tensor(device, [3, 4, 0, 0, 0])]).item()).toBe(5);
  });
});

test("wrong use is refused", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    expect(() => gradNorm([])).toThrow("[gradNorm] no tensors. Got []. Expected at least one.");
    expect(() => gradNorm([tensor(device, [1], [1], { dtype: "i32" })])).toThrow(
      "[gradNorm] grads[0] has a wrong type",
    );
    expect(() => clipScale(tensor(device, [1, 2]), 1)).toThrow("[clipScale] norm is not a scalar. Got [2] f32.");
  });
});
