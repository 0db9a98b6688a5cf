import { backward, cat, scope, stack, tensor } from "@ama-sam/tensor";
import { expectNoLeak, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";

const counting = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);

for (const [shapes, dim] of [
  [
    [
      [1, 3],
      [2, 3],
      [3, 3],
    ],
    0,
  ],
  [
    [
      [2, 1, 5],
      [2, 2, 5],
      [2, 3, 5],
    ],
    1,
  ],
  [
    [
      [2, 4],
      [2, 8],
    ],
    1,
  ],
  [
    [
      [3, 1],
      [3, 2],
    ],
    -1,
  ],
  [
    [
      [0, 2],
      [2, 2],
    ],
    0,
  ],
  [[[4]], 0],
] as [number[][], number][]) {
  test(`cat ${JSON.stringify(shapes)} along ${dim}: places every part, and gives each its own gradient`, async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const parts = shapes.map((s, k) => {
        const values = counting(
          s.reduce((a, b) => a * b, 1),
          100 * k,
        );
        return { values, shape: s, x: tensor(device, values, s, { requiresGrad: k !== 1 }) };
      });
      const y = cat(
        parts.map((p) => p.x),
        dim,
      );
      const at = (dim + shapes[0].length) % shapes[0].length;
      const outer = shapes[0].slice(0, at).reduce((a, b) => a * b, 1);
      const expected: number[] = [];
      for (let o = 0; o < outer; o++) {
        for (const { values } of parts) {
          const width = values.length / outer;
          expected.push(...values.slice(o * width, (o + 1) * width));
        }
      }
      expect([...(await y.data())]).toEqual(expected);
      backward(y, { gradient: tensor(device, expected, y.shape) });
      for (const [k, { x, values }] of parts.entries()) {
        expect(x.grad && [...(await x.grad.data())]).toEqual(k === 1 ? null : values);
        x.grad?.dispose();
      }
    });
  });
}

test("stack joins along a new dimension", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const [a, b] = [tensor(device, [1, 2]), tensor(device, [3, 4], [2])];
    const y = stack([a, b], -1);
    expect(y.shape).toEqual([2, 2]);
    expect([...(await y.data())]).toEqual([1, 3, 2, 4]);
    expect([...(await stack([a, b], 0).data())]).toEqual([1, 2, 3, 4]);
  });
});

test("tensors that do not go together are refused", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const x = tensor(device, [1, 2], [1, 2]);
    expect(() => cat([], 0)).toThrow("[cat] no tensors. Got []. Expected at least one.");
    expect(() => cat([x, tensor(device, [1, 2, 3], [1, 3])], 0)).toThrow(
      "[cat] xs[1] does not fit. Got [1, 3] beside xs[0] [1, 2]. Expected equal sizes but along dimension 0.",
    );
    expect(() => cat([x, tensor(device, [1, 2], [1, 2], { dtype: "i32" })], 0)).toThrow("[cat] xs[1] has a wrong type");
    expect(() => cat([x], 2)).toThrow("[cat] dim is out of range");
    expect(() => stack([x, tensor(device, [1])], 0)).toThrow(
      "[stack] xs[1] has another shape. Got [1]. Expected [1, 2]",
    );
  });
});
