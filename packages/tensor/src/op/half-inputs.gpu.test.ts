import {
  add,
  attention,
  backward,
  cast,
  conv2d,
  type Device,
  gelu,
  layerNorm,
  matmul,
  mul,
  scope,
  softmax,
  sum,
  type Tensor,
  tensor,
} from "@ama-sam/tensor";
import { Random, testDevice } from "@ama-sam/testing";
import { describe, expect, test } from "vitest";

const device = await testDevice();

/** Ops whose kernels read f32 only, on inputs of these shapes. */
const ops: Record<string, { shapes: number[][]; run: (...x: Tensor[]) => Tensor }> = {
  add: { shapes: [[3, 5], [5]], run: (a, b) => add(a, b) },
  mul: {
    shapes: [
      [4, 7],
      [4, 7],
    ],
    run: (a, b) => mul(a, b),
  },
  gelu: { shapes: [[2, 9]], run: (x) => gelu(x) },
  softmax: { shapes: [[3, 17]], run: (x) => softmax(x) },
  layerNorm: { shapes: [[6, 24], [24], [24]], run: (x, w, b) => layerNorm(x, w, b, { eps: 1e-6 }) },
  matmul: {
    shapes: [
      [2, 5, 8],
      [2, 8, 3],
    ],
    run: (a, b) => matmul(a, b),
  },
  conv2d: {
    shapes: [
      [1, 3, 6, 6],
      [4, 3, 3, 3],
    ],
    run: (x, w) => conv2d(x, w, null, { padding: 1 }),
  },
  attention: { shapes: [1, 2, 3].map(() => [1, 2, 5, 8]), run: (q, k, v) => attention(q, k, v, { scale: 0.3 }) },
};

function leaves(shapes: number[][], half: boolean): Tensor[] {
  const random = new Random(3);
  return shapes.map((shape) => {
    // values that f16 holds exactly, so that both ways must agree to the bit
    const values = random.normals(shape.reduce((a, b) => a * b, 1)).map((v) => Math.round(v * 64) / 64);
    return tensor(device, values, shape, { requiresGrad: true, dtype: half ? "f16" : "f32" });
  });
}

async function outcome(dev: Device, name: string, half: boolean): Promise<number[][]> {
  return scope(dev, name, async () => {
    const { shapes, run } = ops[name];
    const inputs = leaves(shapes, half);
    const y = run(...inputs);
    expect(y.dtype).toBe("f32");
    backward(sum(mul(y, y)));
    const all = [[...(await y.data())]];
    for (const x of inputs) {
      expect(x.grad?.dtype).toBe("f32");
      all.push([...((await x.grad?.data()) ?? [])]);
      x.grad?.dispose();
    }
    return all;
  });
}

describe.runIf(device.abilities.f16)("ops on f16 storage", () => {
  test.each(Object.keys(ops))("%s gives what it gives on the same values in f32, gradients too", async (name) => {
    expect(await outcome(device, name, true)).toEqual(await outcome(device, name, false));
  });

  test("what backward keeps of an f16 input stays f16", () => {
    const savedBytes = (half: boolean) =>
      scope(device, "test", () => {
        const x = tensor(device, new Float32Array(1 << 16).fill(0.5), [256, 256], { requiresGrad: true });
        const saved = () => device.memory().byTag["saved by gelu"] ?? 0;
        const before = saved();
        const y = gelu(half ? cast(x, "f16") : mul(x, x));
        const bytes = saved() - before;
        backward(sum(y));
        x.grad?.dispose();
        return bytes;
      });
    expect(savedBytes(false)).toBe(1 << 18);
    expect(savedBytes(true)).toBe(1 << 17);
  });
});
