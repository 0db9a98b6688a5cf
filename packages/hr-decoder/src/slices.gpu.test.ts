import { backward, noGrad, pixelShuffle, scope, type Tensor, tensor } from "@ama-sam/tensor";
import { Random, testDevice, worstError } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { HrDecoderError } from "./errors";
import { hrMap, hrSlices, hrSlicesLiteral } from "./slices";

const random = (seed: number, n: number) => new Random(seed).normals(n);

test.each([
  [1, 2, 8, 5, 7],
  [2, 2, 4, 6, 6],
  [3, 1, 6, 4, 5],
  [4, 2, 8, 5, 4],
])("dot first equals the equation as written, gradients too: r %i, batch %i", async (r, B, c, h, w) => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const feature = tensor(device, random(1, B * c * h * w), [B, c, h, w], { requiresGrad: true });
    const vectors = tensor(device, random(2, B * r * r * c), [B, r * r, c], { requiresGrad: true });
    const dy = random(3, B * r * r * h * w);
    const results: Float32Array[][] = [];
    const ways: ((f: Tensor, v: Tensor) => Tensor)[] = [hrSlices, hrSlicesLiteral];
    for (const way of ways) {
      const y = way(feature, vectors);
      expect(y.shape).toEqual([B, r * r, h, w]);
      const values = await y.data();
      backward(y, { gradient: tensor(device, dy, y.shape) });
      const grads: Float32Array[] = [];
      for (const leaf of [feature, vectors]) {
        grads.push((await leaf.grad?.data()) ?? new Float32Array());
        leaf.grad?.dispose();
        leaf.grad = null;
      }
      results.push([values, ...grads]);
    }
    const [fast, literal] = results;
    fast.forEach((values, i) => {
      expect(worstError(values, literal[i])).toBeLessThan(2e-6);
    });
    await noGrad(device, async () => {
      const map = hrMap(feature, vectors);
      expect(map.shape).toEqual([B, 1, r * h, r * w]);
      expect(await map.data()).toEqual(await pixelShuffle(hrSlices(feature, vectors), r).data());
    });
  });
});

test("vectors that do not fit the feature are an HrDecoderError", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const at = (shape: number[]) =>
      tensor(
        device,
        random(
          1,
          shape.reduce((a, b) => a * b, 1),
        ),
        shape,
      );
    for (const fn of [hrSlices, hrMap, hrSlicesLiteral]) {
      expect(() => fn(at([1, 8, 2, 2]), at([1, 16, 4]))).toThrow(HrDecoderError);
      expect(() => fn(at([2, 8, 2, 2]), at([1, 16, 8]))).toThrow(/Expected \[B, c, h, w\] and \[B, r\*r, c\]/);
      expect(() => fn(at([1, 8, 2, 2]), at([1, 8]))).toThrow(HrDecoderError);
      expect(() => fn(at([1, 8, 2, 2]), at([1, 12, 8]))).toThrow(/not a square. Got 12/);
    }
  });
});
