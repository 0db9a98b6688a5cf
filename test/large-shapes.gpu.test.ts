import { affine, attention, DeviceError, empty, linear, matmul, relu, scope, tensor, zeros } from "@ama-sam/tensor";
import { Random, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";

test("a product of 4096 x 768 x 3072 is right at sampled places", async () => {
  const device = await testDevice();
  const [m, k, n] = [4096, 768, 3072];
  const random = new Random(3);
  const [x, w, b] = [random.normals(m * k), random.normals(n * k), random.normals(n)];
  await scope(device, "large product", async () => {
    const y = await linear(tensor(device, x, [m, k]), tensor(device, w, [n, k]), tensor(device, b, [n])).data();
    for (let s = 0; s < 200; s++) {
      const [i, j] = [random.integer(0, m - 1), random.integer(0, n - 1)];
      let sum = b[j];
      for (let l = 0; l < k; l++) sum += x[i * k + l] * w[j * k + l];
      expect(Math.abs(y[i * n + j] - sum)).toBeLessThan(2e-4);
    }
  });
});

test("attention over 4096 tokens is right at sampled rows, without a score matrix", async () => {
  const device = await testDevice();
  const [N, D] = [4096, 64];
  const random = new Random(4);
  const [q, k, v] = [0, 1, 2].map(() => random.normals(N * D));
  await scope(device, "large attention", async () => {
    const [tq, tk, tv] = [q, k, v].map((t) => tensor(device, t, [1, 1, N, D]));
    device.resetPeak();
    const before = device.memory().liveBytes;
    const y = await attention(tq, tk, tv).data();
    expect(device.memory().peakBytes - before, "the scores alone would be 64 MiB").toBeLessThan(16 * 2 ** 20);
    for (const i of [0, 1, 777, 4095]) {
      const scores = Float64Array.from({ length: N }, (_, j) => {
        let s = 0;
        for (let d = 0; d < D; d++) s += q[i * D + d] * k[j * D + d];
        return s / Math.sqrt(D);
      });
      const most = scores.reduce((a, b) => Math.max(a, b));
      const p = scores.map((s) => Math.exp(s - most));
      const total = p.reduce((a, b) => a + b);
      for (const d of [0, 31, 63])
        expect(Math.abs(y[i * D + d] - p.reduce((a, w, j) => a + w * v[j * D + d], 0) / total)).toBeLessThan(1e-5);
    }
  });
});

test("more than 65,535 workgroups, and a tensor of 120 MB", async () => {
  const device = await testDevice();
  const count = 30_000_000; // 117,188 workgroups of 256 elements
  await scope(device, "large tensor", async () => {
    const x = zeros(device, [count]);
    const y = relu(affine(x, { shift: 3 }));
    const values = await y.data();
    expect(values.length).toBe(count);
    expect([0, 65_535 * 256, 65_536 * 256 + 1, count - 1].map((i) => values[i])).toEqual([3, 3, 3, 3]);
  });
  device.trim();
});

test("a batch of more than 65,535 matrices", async () => {
  const device = await testDevice();
  const batch = 70_000;
  await scope(device, "many matrices", async () => {
    const a = Float32Array.from({ length: batch * 2 }, (_, i) => i % 97);
    const y = await matmul(tensor(device, a, [batch, 1, 2]), tensor(device, a, [batch, 2, 1])).data();
    for (const i of [0, 1, 65_535, 65_536, batch - 1]) expect(y[i]).toBe(a[2 * i] ** 2 + a[2 * i + 1] ** 2);
  });
});

test("what no binding can hold fails before it runs, by name", async () => {
  const device = await testDevice();
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  const attempt = () => empty(device, [Math.floor(limit / 4) + 1], { name: "too large" });
  expect(attempt).toThrow(DeviceError);
  expect(attempt).toThrow(/too large.*does not fit this adapter/s);
});
