import { type Device, type Tensor, tensor } from "@ama-sam/tensor";
import { Random, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { ModuleError } from "../errors";
import { Adam, type AdamOptions } from "./adam";

const shapes = { a: [3, 5], b: [70], c: [2] };

function leaves(device: Device): Map<string, Tensor> {
  const random = new Random(1);
  return new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const values = random.normals(shape.reduce((x, y) => x * y, 1));
      return [name, tensor(device, values, shape, { requiresGrad: true }).keep()];
    }),
  );
}

/** torch.optim.Adam and clip_grad_norm_ in float64. */
function reference(
  params: Map<string, Float64Array>,
  grads: Map<string, Float64Array>[],
  { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, clipNorm = 0 }: AdamOptions,
): void {
  const state = new Map([...params].map(([n, p]) => [n, { m: p.map(() => 0), v: p.map(() => 0) }]));
  grads.forEach((grad, k) => {
    const norm = Math.sqrt([...grad.values()].reduce((s, g) => s + g.reduce((t, x) => t + x * x, 0), 0));
    const scale = clipNorm > 0 ? Math.min(1, clipNorm / (norm + 1e-6)) : 1;
    for (const [name, g] of grad) {
      const p = params.get(name) as Float64Array;
      const { m, v } = state.get(name) as { m: Float64Array; v: Float64Array };
      for (let i = 0; i < p.length; i++) {
        const gi = g[i] * scale;
        m[i] = betas[0] * m[i] + (1 - betas[0]) * gi;
        v[i] = betas[1] * v[i] + (1 - betas[1]) * gi * gi;
        const root = Math.sqrt(v[i] / (1 - betas[1] ** (k + 1)));
        p[i] -= (lr * (m[i] / (1 - betas[0] ** (k + 1)))) / (root + eps);
      }
    }
  });
}

test.each([
  ["plain", { lr: 0.01 }],
  ["other betas", { lr: 0.1, betas: [0.5, 0.9], eps: 1e-3 }],
  ["clipped", { lr: 0.01, eps: 0.1, clipNorm: 0.5 }],
  ["below the clip", { lr: 0.01, eps: 0.1, clipNorm: 1e6 }],
] as [string, AdamOptions][])("ten steps equal PyTorch's formula: %s", async (_, options) => {
  const device = await testDevice();
  const before = device.memory().liveBuffers;
  const params = leaves(device);
  const expected = new Map<string, Float64Array>();
  for (const [name, p] of params) expected.set(name, Float64Array.from(await p.data()));
  const adam = new Adam(params, options);
  const random = new Random(2);
  const history: Map<string, Float64Array>[] = [];
  for (let k = 0; k < 10; k++) {
    const now = new Map<string, Float64Array>();
    for (const [name, p] of params) {
      const g = random.normals(p.size, 1 + k);
      now.set(name, Float64Array.from(g));
      p.grad = tensor(device, g, p.shape).keep();
    }
    history.push(now);
    adam.step();
    adam.zeroGrad();
  }
  reference(expected, history, options);
  for (const [name, p] of params) {
    const got = await p.data();
    const want = expected.get(name) as Float64Array;
    for (let i = 0; i < got.length; i++) expect(Math.abs(got[i] - want[i])).toBeLessThan(2e-6);
  }
  expect(adam.steps).toBe(10);
  adam.dispose();
  for (const p of params.values()) p.dispose();
  expect(device.memory().liveBuffers).toBe(before);
});

test("a parameter without gradient stays as it is, its moments too", async () => {
  const device = await testDevice();
  const params = leaves(device);
  const adam = new Adam(params, { lr: 1, clipNorm: 1 });
  const start = await params.get("b")?.data();
  const a = params.get("a") as Tensor;
  a.grad = tensor(device, new Float32Array(15).fill(1), [3, 5]).keep();
  const moved = await a.data();
  adam.step();
  expect(await params.get("b")?.data()).toEqual(start);
  expect((await adam.stateDict().get("b.v")?.data())?.every((v) => v === 0)).toBe(true);
  expect(await a.data()).not.toEqual(moved);
  adam.zeroGrad();
  adam.step(); // nothing to do: only counts
  expect(adam.steps).toBe(2);
  adam.dispose();
  for (const p of params.values()) p.dispose();
});

test("state moves to another optimiser, and the next step is the same bit for bit", async () => {
  const device = await testDevice();
  const [one, two] = [leaves(device), leaves(device)];
  const [first, second] = [new Adam(one, { lr: 0.01 }), new Adam(two, { lr: 0.01 })];
  const grad = (of: Map<string, Tensor>, seed: number) => {
    const random = new Random(seed);
    for (const p of of.values()) p.grad = tensor(device, random.normals(p.size), p.shape).keep();
  };
  grad(one, 1);
  first.step();
  first.zeroGrad();
  const state = new Map<string, Float32Array>();
  for (const [name, t] of first.stateDict()) state.set(name, await t.data());
  for (const [name, p] of one) two.get(name)?.write(await p.data());
  second.load(first.steps, state);
  for (const [adam, params] of [
    [first, one],
    [second, two],
  ] as const) {
    grad(params, 5);
    adam.step();
    adam.zeroGrad();
  }
  for (const [name, p] of one) expect(await two.get(name)?.data()).toEqual(await p.data());
  state.delete("a.m");
  expect(() => second.load(1, state)).toThrow(ModuleError);
  expect(() => second.load(1, state)).toThrow(/a\.m/);
  for (const adam of [first, second]) adam.dispose();
  for (const p of [...one.values(), ...two.values()]) p.dispose();
});

test("a parameter that is not f32 is refused by name", async () => {
  const device = await testDevice();
  const flags = tensor(device, [1], [1], { dtype: "i32" });
  expect(() => new Adam(new Map([["flags", flags]]), { lr: 1 })).toThrow(/Got flags in i32. Expected f32/);
  flags.dispose();
});

test("options have PyTorch's defaults and ranges", async () => {
  const device = await testDevice();
  const parameters = leaves(device);
  const adam = new Adam(parameters);
  expect([adam.lr, adam.betas, adam.eps, adam.clipNorm]).toEqual([1e-3, [0.9, 0.999], 1e-8, 0]);
  adam.dispose();
  const refused: [AdamOptions, string][] = [
    [{ lr: Number.NaN }, "[Adam] lr is no legal value. Got NaN. Expected a number from 0 on."],
    [{ lr: -1 }, "Got -1"],
    [{ betas: [0.9, 1] }, "[Adam] betas is no legal value. Got 0.9,1. Expected two numbers from 0 to below 1."],
    [{ eps: -1e-8 }, "[Adam] eps is no legal value"],
    [{ clipNorm: Number.POSITIVE_INFINITY }, "[Adam] clipNorm is no legal value"],
  ];
  const before = device.memory().liveBuffers;
  for (const [options, message] of refused) expect(() => new Adam(parameters, options)).toThrow(message);
  expect(device.memory().liveBuffers, "nothing was made for them").toBe(before);
  for (const p of parameters.values()) p.dispose();
});
