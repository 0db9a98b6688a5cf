import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { describe, expect, test } from "vitest";
import { backward } from "../../autograd/tape";
import { empty, scope, tensor } from "../../tensor/tensor";
import { sum } from "../sum/sum";
import { conv2d, conv2dOp } from "./conv2d";
import { conv2dRef } from "./conv2d.ref";
import { convGeometry } from "./geometry";
import { convForward, convInputGrad, convWeightGrad } from "./products";

opSuite(conv2dOp, [
  { name: "1x1", inputs: { x: { shape: [2, 5, 7, 6] }, weight: { shape: [3, 5, 1, 1] }, bias: null } },
  {
    name: "1x1 with bias",
    inputs: { x: { shape: [1, 8, 4, 4] }, weight: { shape: [12, 8, 1, 1] }, bias: { shape: [12] } },
  },
  { name: "one pixel", inputs: { x: { shape: [3, 1, 1, 1] }, weight: { shape: [1, 1, 1, 1] }, bias: { shape: [1] } } },
  {
    name: "3x3 on one pixel",
    inputs: { x: { shape: [1, 2, 1, 1] }, weight: { shape: [2, 2, 3, 3] }, bias: { shape: [2] } },
    attrs: { padding: 1 },
  },
  {
    name: "3x3, odd sizes",
    inputs: { x: { shape: [2, 3, 5, 7] }, weight: { shape: [5, 3, 3, 3] }, bias: { shape: [5] } },
    attrs: { padding: 1 },
  },
  {
    name: "3x3 wider than a workgroup",
    inputs: { x: { shape: [1, 4, 9, 37] }, weight: { shape: [8, 4, 3, 3] }, bias: { shape: [8] } },
    attrs: { padding: 1 },
  },
  {
    name: "3x3 on rows of whole vec4",
    inputs: { x: { shape: [2, 3, 5, 36] }, weight: { shape: [4, 3, 3, 3] }, bias: { shape: [4] } },
    attrs: { padding: 1 },
  },
  { name: "3x3 without padding", inputs: { x: { shape: [1, 2, 6, 5] }, weight: { shape: [3, 2, 3, 3] }, bias: null } },
  {
    name: "3x3, stride 2",
    inputs: { x: { shape: [2, 3, 8, 7] }, weight: { shape: [4, 3, 3, 3] }, bias: { shape: [4] } },
    attrs: { stride: 2, padding: 1 },
  },
  {
    name: "1x1, stride 2",
    inputs: { x: { shape: [1, 3, 5, 6] }, weight: { shape: [2, 3, 1, 1] }, bias: null },
    attrs: { stride: 2 },
  },
  {
    name: "2x2 patches that leave a border",
    inputs: { x: { shape: [2, 4, 7, 9] }, weight: { shape: [6, 4, 2, 2] }, bias: { shape: [6] } },
    attrs: { stride: 2 },
  },
  {
    name: "patch embedding",
    inputs: { x: { shape: [1, 3, 16, 32] }, weight: { shape: [5, 3, 16, 16], scale: 0.05 }, bias: { shape: [5] } },
    attrs: { stride: 16 },
  },
  {
    name: "kernel of two sizes, padding beyond the kernel's half",
    inputs: { x: { shape: [1, 2, 4, 5] }, weight: { shape: [3, 2, 1, 3] }, bias: null },
    attrs: { padding: 2 },
  },
  {
    name: "frozen weight",
    inputs: { x: { shape: [2, 4, 6, 6] }, weight: { shape: [4, 4, 3, 3], grad: false }, bias: null },
    attrs: { padding: 1 },
  },
  {
    name: "frozen x",
    inputs: { x: { shape: [2, 4, 6, 6], grad: false }, weight: { shape: [4, 4, 3, 3] }, bias: { shape: [4] } },
    attrs: { padding: 1 },
  },
]);

describe("conv2d", () => {
  test("takes a frozen f16 weight", async () => {
    const device = await testDevice();
    if (!device.abilities.f16) return;
    const values = Float32Array.from({ length: 3 * 4 * 9 }, (_, i) => ((i * 7) % 31) / 32 - 0.5);
    const pixels = Float32Array.from({ length: 4 * 25 }, (_, i) => Math.sin(i));
    const x = tensor(device, pixels, [1, 4, 5, 5]);
    const half = tensor(device, values, [3, 4, 3, 3], { dtype: "f16" });
    const full = tensor(device, values, [3, 4, 3, 3]);
    const [a, b] = [conv2d(x, half, null, { padding: 1 }), conv2d(x, full, null, { padding: 1 })];
    expect(await a.data()).toEqual(await b.data());
    for (const t of [x, half, full, a, b]) t.dispose();
  });

  test.each([11, 12])("strips under a small memory cap give the same as one piece, rows of %i", async (w) => {
    const device = await testDevice();
    const [batch, cin, h, cout] = [2, 6, 9, 5];
    const attrs = { padding: 1 };
    const wave = (n: number, f: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(f * i + 1));
    const [xs, ws, bs] = [wave(batch * cin * h * w, 0.7), wave(cout * cin * 9, 1.3), wave(cout, 2)];
    const x = tensor(device, xs, [batch, cin, h, w]);
    const weight = tensor(device, ws, [cout, cin, 3, 3]);
    const bias = tensor(device, bs, [cout]);
    const dy = tensor(device, wave(batch * cout * h * w, 0.3), [batch, cout, h, w]);
    const g = convGeometry("conv2d", x.shape, weight.shape, bias.shape, attrs);
    const half = device.abilities.f16 ? tensor(device, ws, weight.shape, { dtype: "f16" }) : weight;
    const results: Float32Array[][] = [];
    // All at once; two channels of both images; one channel of one image, two rows of columns.
    for (const most of [2 ** 26, 2 * 2 * 9 * h * w * 4, cin * 9 * w * 2 * 4 - 4]) {
      const [y, dx, dw] = [empty(device, dy.shape), empty(device, x.shape), empty(device, weight.shape)];
      const dxHalf = empty(device, x.shape);
      convForward(x, weight, bias, y, g, most);
      convInputGrad(dy, weight, dx, g, null, most);
      convInputGrad(dy, half, dxHalf, g, null, most);
      convWeightGrad(x, dy, dw, g, most);
      results.push([await y.data(), await dx.data(), await dw.data(), await dxHalf.data()]);
      for (const t of [y, dx, dw, dxHalf]) t.dispose();
    }
    const ref = (shape: number[], data: Float32Array) => ({ shape, data: Float64Array.from(data) });
    const inputs = { x: ref([batch, cin, h, w], xs), weight: ref([cout, cin, 3, 3], ws), bias: ref([cout], bs) };
    const expected = conv2dRef(inputs, attrs).data;
    results[0][0].forEach((v, i) => {
      expect(Math.abs(v - expected[i])).toBeLessThan(1e-4);
    });
    for (const other of results.slice(1))
      other.forEach((values, k) => {
        values.forEach((v, i) => {
          expect(Math.abs(v - results[0][k][i])).toBeLessThan(1e-4);
        });
      });
    for (const t of [x, weight, bias, dy, half]) t.dispose();
  });

  test("a weight of more elements than one dimension of workgroups holds has its gradient", async () => {
    const device = await testDevice();
    const [batch, channels, pixels] = [2, 1024, 4];
    const counts = await scope(device, "test", async () => {
      const x = tensor(device, new Float32Array(batch * channels * pixels).fill(1), [batch, channels, 2, 2]);
      const weight = tensor(device, new Float32Array(channels * channels), [channels, channels, 1, 1], {
        requiresGrad: true,
      });
      backward(sum(conv2d(x, weight, null, {})));
      return new Set(await weight.grad?.data());
    });
    expect([...counts]).toEqual([batch * pixels]);
  });

  test("wrong use says what to change", async () => {
    const device = await testDevice();
    const x = tensor(device, new Float32Array(2 * 9), [1, 2, 3, 3]);
    const weight = tensor(device, new Float32Array(4 * 9), [2, 2, 3, 3]);
    const narrow = tensor(device, new Float32Array(9), [1, 1, 3, 3]);
    const bias = tensor(device, new Float32Array(3), [3]);
    expect(() => conv2d(x, narrow)).toThrow(
      "[conv2d] weight has a wrong shape. Got [1, 1, 3, 3]. Expected [Cout, Cin, kh, kw] with Cin = 2",
    );
    expect(() => conv2d(bias, weight)).toThrow("[conv2d] x has a wrong shape. Got [3]. Expected [B, Cin, H, W].");
    expect(() => conv2d(x, weight, bias)).toThrow("[conv2d] bias has a wrong shape. Got [3]. Expected [Cout]");
    expect(() => conv2d(x, weight, null, { stride: 0 })).toThrow("[conv2d] stride is no legal number. Got 0.");
    expect(() => conv2d(x, weight, null, { padding: -1 })).toThrow("[conv2d] padding is no legal number. Got -1.");
    const wide = tensor(device, new Float32Array(2 * 25), [1, 2, 5, 5]);
    expect(() => conv2d(x, wide)).toThrow(
      "[conv2d] the kernel does not fit. Got x [1, 2, 3, 3], kernel 5 x 5, padding 0.",
    );
    for (const t of [x, weight, narrow, bias, wide]) t.dispose();
  });
});
