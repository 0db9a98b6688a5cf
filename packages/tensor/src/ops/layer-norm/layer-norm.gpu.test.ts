import { backward, layerNorm, layerNorm2d, reshape, scope, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { type OpCase, opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import type { RowFamily } from "../../kernel/lib/row-plan";
import { layerNormOp } from "./layer-norm";

type Attrs = { eps: number; family?: RowFamily };
const at = (shape: number[], eps = 1e-6, scale = 1, offset = 0.5): OpCase<Attrs> => ({
  attrs: { eps },
  inputs: {
    x: { shape, scale, offset: offset * scale },
    weight: { shape: shape.slice(-1), offset: 0.3 },
    bias: { shape: shape.slice(-1) },
  },
});
const cases = [at([2, 3, 48]), at([5, 1], 1e-3), at([3, 257]), at([33, 12], 1e-5, 1e-3), at([7], 1e-6), at([70, 7])];
opSuite(layerNormOp, [
  ...cases,
  at([3, 768]),
  at([130, 8]),
  { ...at([2, 6500]), name: "longer than registers" },
  // f32 keeps 1e-7 of a mean 100 times the deviation
  { ...at([4, 64], 1e-6, 1, 100), name: "far from zero", tolerance: 1e-4, gradientTolerance: 1e-3 },
]);
opSuite(
  layerNormOp,
  cases.map((c) => ({ ...c, name: "plain", attrs: { ...(c.attrs as Attrs), family: "plain" } })),
);

// Families that the adapter does not choose by itself, where its subgroups can run them.
const { subgroups, subgroupMinSize, subgroupMaxSize } = (await testDevice()).abilities;
if (subgroups && subgroupMinSize === subgroupMaxSize && subgroupMaxSize <= 8)
  for (const family of ["walk", "subgroup"] as const)
    opSuite(
      layerNormOp,
      cases
        // `subgroup` keeps 48 elements of a row for each invocation.
        .filter((c) => family === "walk" || (c.inputs.x?.shape.at(-1) ?? 0) <= 48 * subgroupMaxSize)
        .map((c) => ({ ...c, name: family, attrs: { ...(c.attrs as Attrs), family } })),
    );

test("computes only the gradients that are asked for, and those of an empty batch are zero", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const x = tensor(device, [1, 2, 3, 4, 5, 6], [2, 3]);
    const weight = tensor(device, [1, 2, 3]);
    for (const only of ["weight", "bias"] as const) {
      const trained = { weight, bias: tensor(device, [0, 0, 0]) };
      trained[only] = tensor(device, [1, 1, 1], [3], { requiresGrad: true });
      const y = layerNorm(x, trained.weight, trained.bias, { eps: 0 });
      backward(y, { gradient: tensor(device, [1, 1, 1, 1, 1, 1], [2, 3]) });
      const n = Math.sqrt(1.5);
      const expected = only === "bias" ? [2, 2, 2] : [-2 * n, 0, 2 * n];
      ((await trained[only].grad?.data()) ?? []).forEach((v, i) => {
        expect(v).toBeCloseTo(expected[i], 5);
      });
      expect(x.grad).toBeNull();
      trained[only].grad?.dispose();
    }
    const w = tensor(device, [1, 1], [2], { requiresGrad: true });
    const none = layerNorm(tensor(device, [], [0, 2]), w, tensor(device, [0, 0]), { eps: 1e-6 });
    backward(none, { gradient: tensor(device, [], [0, 2]) });
    expect([...((await w.grad?.data()) ?? [])]).toEqual([0, 0]);
    w.grad?.dispose();
  });
});

test("wrong shapes are refused by name", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const x = tensor(device, [1, 2, 3, 4], [2, 2]);
    const two = tensor(device, [1, 1]);
    const three = tensor(device, [1, 1, 1]);
    expect(() => layerNorm(x, three, two, { eps: 1e-6 })).toThrow(
      "[layerNorm] weight has a wrong shape. Got [3] for x [2, 2]. Expected [2].",
    );
    expect(() => layerNorm(x, two, three, { eps: 1e-6 })).toThrow("[layerNorm] bias has a wrong shape");
  });
});

test("eps has PyTorch's default, and must be a number", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const x = tensor(device, [0.001, -0.002, 0.003, 0.004], [2, 2]);
    const [w, b] = [tensor(device, [1, 1]), tensor(device, [0, 0])];
    expect(await layerNorm(x, w, b).data()).toEqual(await layerNorm(x, w, b, { eps: 1e-5 }).data());
    const image = reshape(x, [1, 2, 1, 2]);
    expect(await layerNorm2d(image, w, b).data()).toEqual(await layerNorm2d(image, w, b, { eps: 1e-6 }).data());
    for (const eps of [Number.NaN, -1, "1e-5"])
      expect(() => layerNorm(x, w, b, { eps: eps as number })).toThrow(
        `[layerNorm] eps is no number from 0 on. Got ${eps}. Expected a small one, such as 1e-5.`,
      );
  });
});
