import { Random, testDevice, worstError } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { describe, expect, test } from "vitest";
import { backward } from "../../autograd/tape";
import { withFlags } from "../../debug/flags";
import { scope, type Tensor, tensor, zeros } from "../../tensor/tensor";
import { linear } from "../linear/linear";
import { sum } from "../sum/sum";
import { square } from "../unary/unary";
import { type MlpOptions, mlp, mlpOp } from "./mlp";

const s = (...shape: number[]) => ({ shape });
const layers = (rows: number[], width: number, hidden: number, out: number) => ({
  x: s(...rows, width),
  weight1: s(hidden, width),
  bias1: s(hidden),
  weight2: s(out, hidden),
  bias2: s(out),
});

opSuite(mlpOp, [
  { inputs: layers([5], 4, 7, 3), attrs: { activation: "gelu" } },
  { inputs: { ...layers([2, 3], 8, 12, 8), bias1: null, bias2: null }, attrs: { activation: "gelu" } },
  {
    name: "pieces, the last one short",
    inputs: layers([2, 25], 64, 8, 64),
    attrs: { activation: "gelu", pieceBytes: 512 },
  },
  {
    name: "pieces of widths that are no whole 256 bytes",
    inputs: layers([150], 3, 4, 5),
    attrs: { activation: "gelu", pieceBytes: 1 },
  },
  {
    name: "relu",
    inputs: { ...layers([40], 16, 8, 16), bias1: { shape: [8], offset: 1 } },
    attrs: { activation: "relu", pieceBytes: 512 },
  },
  { name: "no rows", inputs: layers([0], 4, 8, 4), attrs: { activation: "gelu" } },
]);

describe("mlp", () => {
  const [rows, width, hidden] = [96, 64, 128];
  const random = new Random(4);
  const values = [rows * width, hidden * width, hidden, width * hidden, width].map((n) => random.normals(n, 0.3));
  const shapes = [[rows, width], [hidden, width], [hidden], [width, hidden], [width]];

  /** Result and gradients of a run between an op that hands over a gradient of its own and a leaf, with only some leaves trainable. */
  async function run(trained: readonly number[], f: (...it: Tensor[]) => Tensor): Promise<Float32Array[]> {
    const device = await testDevice();
    return scope(device, "test", async () => {
      const it = values.map((v, i) => tensor(device, v, shapes[i], { requiresGrad: trained.includes(i) }));
      const y = f(...it);
      const results = [await y.data()];
      backward(sum(square(y)));
      for (const i of trained) results.push(await (it[i].grad as Tensor).data());
      return results;
    });
  }

  test.each([
    ["everything", [0, 1, 2, 3, 4]],
    ["x alone", [0]],
    ["the second layer alone", [3, 4]],
    ["the last bias alone", [4]],
    ["the first layer alone", [1, 2]],
  ])("agrees with linear twice, whatever is trained: %s", async (_, trained) => {
    const twice = await run(trained, (x, w1, b1, w2, b2) => linear(linear(x, w1, b1, { activation: "gelu" }), w2, b2));
    const pieces = (x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) =>
      mlpOp.apply(
        { x, weight1: w1, bias1: b1, weight2: w2, bias2: b2 },
        { activation: "gelu", pieceBytes: 32 * 4 * hidden },
      );
    const once = await run(trained, pieces);
    expect(once.length).toBe(twice.length);
    for (const [i, got] of once.entries()) expect(worstError(got, twice[i]), `result ${i}`).toBeLessThan(1e-5);
    // With this flag no gradient is overwritten.
    expect(await withFlags({ nan: true }, () => run(trained, pieces))).toEqual(once);
  });

  test("a gradient that others hold is left as it is", async () => {
    const device = await testDevice();
    await scope(device, "test", async () => {
      const [x, w1, , w2] = values.map((v, i) => tensor(device, v, shapes[i], { requiresGrad: i === 0 }));
      const gradient = tensor(device, random.normals(rows * width), [rows, width]);
      const before = await gradient.data();
      backward(mlp(x, w1, null, w2, null, { activation: "gelu" }), { gradient });
      expect(await gradient.data()).toEqual(before);
    });
  });

  test("keeps no hidden values", async () => {
    const device = await testDevice();
    const peak = (wide: (x: Tensor, w1: Tensor, w2: Tensor) => Tensor) =>
      scope(device, "test", () => {
        const x = zeros(device, [512, 64], { requiresGrad: true });
        const [w1, w2] = [zeros(device, [2048, 64]), zeros(device, [64, 2048])];
        const before = device.memory().liveBytes;
        const y = wide(x, w1, w2);
        return { saved: device.memory().liveBytes - before, y: y.bytes };
      });
    const { saved, y } = peak((x, w1, w2) => mlp(x, w1, null, w2, null, { activation: "gelu" }));
    expect(saved).toBe(y);
    const twice = peak((x, w1, w2) =>
      scope(device, "mlp", () => linear(linear(x, w1, null, { activation: "gelu" }), w2)),
    );
    expect(twice.saved).toBe(y + 4 * 512 * 2048);
  });

  test("layers that do not fit, and an unknown activation, are refused", async () => {
    const device = await testDevice();
    scope(device, "test", () => {
      const of = (...shape: number[]) => zeros(device, shape);
      const gelu: MlpOptions = { activation: "gelu" };
      const [x, w1, w2] = [of(2, 3), of(5, 3), of(4, 5)];
      expect(() => mlp(x, w1, null, of(4, 6), null, gelu)).toThrow(
        "[mlp] the layers do not fit. Got weight1 [5, 3], weight2 [4, 6]. Expected [hidden, in] and [out, hidden].",
      );
      expect(() => mlp(of(2, 4), w1, null, w2, null, gelu)).toThrow("Expected x [..., 3]");
      expect(() => mlp(x, w1, of(3), w2, null, gelu)).toThrow("[mlp] bias1 has a wrong shape. Got [3]. Expected [5].");
      expect(() => mlp(x, w1, null, w2, of(5), gelu)).toThrow("[mlp] bias2 has a wrong shape. Got [5]. Expected [4].");
      expect(() => mlp(x, w1, null, w2, null, { activation: "tanh" as never })).toThrow(
        "[mlp] unknown activation. Got tanh. Expected one of gelu, relu.",
      );
    });
  });
});
