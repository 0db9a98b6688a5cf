import { backward, type Device, linear, mean, scope, square, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { ModuleError } from "./errors";
import { Conv2d, ConvTranspose2d } from "./layers/conv";
import { Embedding } from "./layers/embedding";
import { LayerNorm, LayerNorm2d } from "./layers/layer-norm";
import { Linear } from "./layers/linear";
import { Mlp } from "./layers/mlp";
import { Build, Module } from "./module";

/** Builds modules, hands them to `fn` and frees them; nothing may stay. */
async function using<T>(make: (build: Build) => Module, fn: (m: Module, device: Device) => Promise<T>): Promise<T> {
  const device = await testDevice();
  const before = device.memory().liveBuffers;
  const m = make(new Build(device, { seed: 7 }));
  const result = await fn(m, device);
  m.dispose();
  expect(device.memory().liveBuffers, "dispose frees every parameter").toBe(before);
  return result;
}

const spread = (x: Float32Array) => {
  const mid = x.reduce((a, b) => a + b, 0) / x.length;
  return { mid, deviation: Math.sqrt(x.reduce((a, b) => a + (b - mid) ** 2, 0) / x.length) };
};

test.each([
  ["Linear", (b: Build) => new Linear(b, 64, 96), 64 ** -0.5],
  ["Conv2d", (b: Build) => new Conv2d(b, 16, 32, 3), (16 * 9) ** -0.5],
  // PyTorch takes the fan of dimension 1, the output channels of a transposed weight.
  ["ConvTranspose2d", (b: Build) => new ConvTranspose2d(b, 64, 16), (16 * 4) ** -0.5],
] as const)("%s starts uniform within PyTorch's bound, bias too", async (_, make, bound) => {
  await using(make, async (m) => {
    const [weight, bias] = [...m.stateDict().values()];
    const w = await weight.data();
    const { mid, deviation } = spread(w);
    expect(Math.max(...w.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(deviation / (bound / Math.sqrt(3))).toBeCloseTo(1, 1);
    expect(Math.abs(mid)).toBeLessThan(bound * 0.05);
    const b = await bias.data();
    expect(Math.max(...b.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(spread(b).deviation).toBeGreaterThan(0.3 * bound);
  });
});

test("Embedding starts N(0, 1), norms at 1 and 0, a zero Linear at 0", async () => {
  await using(
    (b) => new Embedding(b, 40, 64),
    async (m) => {
      const { mid, deviation } = spread(await [...m.stateDict().values()][0].data());
      expect(deviation).toBeCloseTo(1, 1);
      expect(Math.abs(mid)).toBeLessThan(0.06);
    },
  );
  for (const make of [(b: Build) => new LayerNorm(b, 5, 1e-6), (b: Build) => new LayerNorm2d(b, 5)]) {
    await using(make, async (m) => {
      expect([...(await (m.stateDict().get("weight")?.data() ?? []))]).toEqual([1, 1, 1, 1, 1]);
      expect([...(await (m.stateDict().get("bias")?.data() ?? []))]).toEqual([0, 0, 0, 0, 0]);
    });
  }
  await using(
    (b) => new Linear(b, 3, 2, { zero: true }),
    async (m) => {
      for (const p of m.stateDict().values()) expect((await p.data()).every((v) => v === 0)).toBe(true);
    },
  );
});

test("initial weights depend on seed and name, not on what else is built", async () => {
  class Pair extends Module {
    readonly b: Linear;
    constructor(build: Build, withA: boolean) {
      super(build);
      if (withA) this.child("a", (x) => new Linear(x, 4, 4));
      this.b = this.child("b", (x) => new Linear(x, 4, 4));
    }
  }
  const one = await using(
    (b) => new Pair(b, true),
    (m) => (m as Pair).b.weight.data(),
  );
  const two = await using(
    (b) => new Pair(b, false),
    (m) => (m as Pair).b.weight.data(),
  );
  expect(two).toEqual(one);
});

test("parameters, buffers, trainable and children by name", async () => {
  class Net extends Module {
    constructor(build: Build) {
      super(build);
      this.buffer("table", [2], { kind: "ones" });
      this.child("mlp", (b) => new Mlp(b, 2, 3, 1, 2));
    }
  }
  await using(
    (b) => new Net(b),
    async (m) => {
      expect([...m.stateDict().keys()][0]).toBe("table");
      expect(m.namedParameters().has("table")).toBe(false);
      expect([...m.namedParameters("net").keys()][0]).toBe("net.mlp.layers.0.weight");
      expect(m.trainable().size).toBe(4);
      m.children.get("mlp")?.requiresGrad(false);
      expect(m.trainable().size).toBe(0);
      m.write("table", [3, 4]);
      expect([...(await (m.stateDict().get("table")?.data() ?? []))]).toEqual([3, 4]);
      expect(() => m.write("tabel", [3, 4])).toThrow(ModuleError);
      expect(() => m.write("table", [3])).toThrow(/wrong number of values/);
    },
  );
});

test("a second part of one name is refused: it would be neither trained nor saved", async () => {
  const device = await testDevice();
  const before = device.memory().liveBuffers;
  class Twice extends Module {
    constructor(build: Build, second: "parameter" | "buffer" | "child") {
      super(build);
      const first = this.child("a", (b) => new Linear(b, 2, 2));
      try {
        if (second === "child") this.child("a", (b) => new Linear(b, 2, 2));
        else this[second]("a", [2], { kind: "zeros" });
      } finally {
        first.dispose();
      }
    }
  }
  for (const second of ["parameter", "buffer", "child"] as const)
    expect(() => new Twice(new Build(device), second)).toThrow("[Twice] the name a is taken.");
  expect(device.memory().liveBuffers).toBe(before);
});

test("half: product weights in f16 where the adapter has it, with the gradient of x", async () => {
  const device = await testDevice();
  const make = () => new Linear(new Build(device, { seed: 1, half: (name) => name === "weight" }), 8, 6);
  if (!device.abilities.f16) {
    expect(make).toThrow(/no f16/);
    return;
  }
  const half = make();
  const full = new Linear(new Build(device, { seed: 1 }), 8, 6);
  half.requiresGrad(false);
  full.requiresGrad(false);
  expect([half.weight.dtype, half.bias?.dtype]).toEqual(["f16", "f32"]);
  await scope(device, "half", async () => {
    const x = tensor(
      device,
      Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)),
      [5, 8],
      { requiresGrad: true },
    );
    const grads: Float32Array[] = [];
    const ys: Float32Array[] = [];
    for (const layer of [half, full]) {
      const y = linear(x, layer.weight, layer.bias);
      ys.push(await y.data());
      backward(mean(square(y)));
      grads.push((await x.grad?.data()) ?? new Float32Array());
      x.grad?.dispose();
      x.grad = null;
    }
    for (const [a, b] of [ys, grads])
      for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(2e-3);
  });
  half.dispose();
  full.dispose();
});
