import { add, backward, mul, scope, sum, type Tensor, tensor, zeroGrad } from "@ama-sam/tensor";
import { Random, testDevice } from "@ama-sam/testing";
import { describe, expect, test } from "vitest";
import { CgrlError } from "../errors";
import { cgrl, cgrlOp, grl, grlOp, lambdaRamp } from "./reverse";

// Finite differences cannot test these ops: their gradient is not the forward pass's, on purpose. What eq. 2 says is exact.

const bits = (x: Float32Array) => [...new Uint32Array(x.buffer, x.byteOffset, x.length)];
const wild = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 3e38, 1e-38, 0, -0];

/** dx of an op for given dy, and y. */
async function run(
  shape: number[],
  primary: number[] | null,
  lambda: number,
  dy: ArrayLike<number>,
): Promise<{ x: Float32Array; y: Float32Array; dx: Float32Array }> {
  const device = await testDevice();
  const before = device.memory().liveBuffers;
  const result = await scope(device, "test", async () => {
    const size = shape.reduce((a, b) => a * b, 1);
    const x = new Random(3).normals(size);
    const leaf = tensor(device, x, shape, { requiresGrad: true });
    const y = primary
      ? cgrl(leaf, tensor(device, primary, [primary.length], { dtype: "i32" }), lambda)
      : grl(leaf, lambda);
    const values = await y.data();
    backward(y, { gradient: tensor(device, dy, shape) });
    const dx = (await leaf.grad?.data()) ?? new Float32Array();
    leaf.grad?.dispose();
    return { x, y: values, dx };
  });
  expect(device.memory().liveBuffers).toBe(before);
  return result;
}

describe.each([
  [
    [4, 3, 5, 5],
    [1, 0, 0, 1],
  ],
  [
    [3, 7],
    [0, 1, 0],
  ],
  [[5], [0, 1, 1, 0, 1]],
  [
    [2, 256, 16, 16],
    [1, 0],
  ],
  [[1, 9], [1]],
  [[1, 9], [0]],
])("cgrl %j with primary %j", (shape, primary) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const row = size / shape[0];
  const dy = new Random(9).normals(size);
  wild.forEach((v, i) => {
    if (i < row) for (let b = 0; b < shape[0]; b++) dy[b * row + i] = v;
  });

  test("forward is the identity, bit for bit", async () => {
    const { x, y } = await run(shape, primary, 0.7, dy);
    expect(bits(y)).toEqual(bits(x));
  });

  test("primary rows get exactly +0, whatever arrives; auxiliary rows exactly -lambda dy", async () => {
    const lambda = 0.7;
    const { dx } = await run(shape, primary, lambda, dy);
    for (let b = 0; b < shape[0]; b++) {
      const got = dx.subarray(b * row, (b + 1) * row);
      const own = dy.subarray(b * row, (b + 1) * row);
      if (primary[b]) expect(bits(got).every((v) => v === 0)).toBe(true);
      else
        got.forEach((v, i) => {
          const want = Math.fround(-Math.fround(lambda) * own[i]);
          // A value below the smallest normal number may be flushed to zero by an adapter.
          if (Math.abs(want) < 1.2e-38) expect(Math.abs(v)).toBeLessThan(1.2e-38);
          else expect(Object.is(v, want)).toBe(true);
        });
    }
  });
});

test("grl reverses every sample; lambda 0 stops the gradient", async () => {
  const dy = new Random(1).normals(24);
  const all = await run([4, 6], null, 2, dy);
  expect([...all.dx]).toEqual([...dy.map((v) => -2 * v)]);
  expect(bits(all.y)).toEqual(bits(all.x));
  const none = await run([4, 6], [0, 0, 1, 0], 0, dy);
  expect(none.dx.every((v) => v === 0)).toBe(true);
});

test("only the branch behind the layer is reversed: the main path keeps its gradient", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const x = tensor(device, [1, 2, 3, 4], [2, 2], { requiresGrad: true });
    const flags = tensor(device, [1, 0], [2], { dtype: "i32" });
    const w = tensor(device, [10, 20, 30, 40], [2, 2]);
    const gradient = async (y: Tensor): Promise<number[]> => {
      backward(sum(y));
      const values = [...((await x.grad?.data()) ?? [])];
      zeroGrad([x]);
      return values;
    };
    expect(await gradient(mul(x, w))).toEqual([10, 20, 30, 40]);
    expect(await gradient(mul(cgrl(x, flags, 0.5), w))).toEqual([0, 0, -15, -20]);
    expect(await gradient(add(mul(x, w), mul(cgrl(x, flags, 0.5), w)))).toEqual([10, 20, 15, 20]);
  });
});

test("the references are the forward pass", () => {
  const x = { shape: [2], data: Float64Array.of(1, 2) };
  expect(cgrlOp.reference?.({ x, isPrimary: x }, { lambda: 1 })).toEqual(x);
  expect(grlOp.reference?.({ x }, { lambda: 1 })).toEqual(x);
});

test("wrong use is a CgrlError that says what to do", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const x = tensor(device, [1, 2, 3, 4], [2, 2]);
    const flags = (n: number) => tensor(device, new Array(n).fill(1), [n], { dtype: "i32" });
    const thrown = (fn: () => unknown): string => {
      try {
        fn();
      } catch (error) {
        expect(CgrlError.isInstance(error)).toBe(true);
        return String(error);
      }
      return "nothing thrown";
    };
    expect(thrown(() => cgrl(x, flags(3)))).toMatch(/\[cgrl\] isPrimary does not match.*\[3\].*\[2\]/);
    expect(thrown(() => cgrl(x, tensor(device, [1, 0], [2, 1], { dtype: "i32" })))).toContain("does not match");
    expect(thrown(() => cgrl(x, flags(2), -1))).toContain("Got -1");
    expect(thrown(() => cgrl(x, flags(2), Number.NaN))).toContain("Got NaN");
    expect(thrown(() => grl(x, Number.POSITIVE_INFINITY))).toContain("[grl]");
    expect(thrown(() => grl(tensor(device, [1], [])))).toContain("no batch dimension");
    expect(() => cgrl(x, tensor(device, [1, 0], [2]))).toThrow(/isPrimary has a wrong type. Got f32. Expected i32/);
  });
});

test("Ganin's ramp goes from 0 to almost lambda", () => {
  expect(lambdaRamp(0)).toBe(0);
  expect(lambdaRamp(0.5)).toBeCloseTo(2 / (1 + Math.exp(-5)) - 1, 12);
  expect(lambdaRamp(1, 0.7)).toBeCloseTo(0.7 * (2 / (1 + Math.exp(-10)) - 1), 12);
  expect(lambdaRamp(-3)).toBe(0);
  expect(lambdaRamp(9)).toBe(lambdaRamp(1));
});
