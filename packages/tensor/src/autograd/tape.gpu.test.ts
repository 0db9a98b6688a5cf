import { expectNoLeak, testDevice } from "@ama-sam/testing";
import { describe, expect, test } from "vitest";
import type { Device } from "../device/device";
import { LifetimeError, ShapeError } from "../errors";
import { defineOp } from "../op/define-op";
import { add, affine, gelu, linear, mul, relu, reshape, square, sub, sum } from "../ops/index";
import { scope, type Tensor, tensor, zeros } from "../tensor/tensor";
import { backward, clearGraph, gradEnabled, noGrad, zeroGrad } from "./tape";

const leaf = (device: Device, values: number[], shape = [values.length]) =>
  tensor(device, values, shape, { requiresGrad: true });
const ones = (device: Device, shape: readonly number[]) =>
  tensor(device, new Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
async function gradOf(x: Tensor): Promise<number[]> {
  if (!x.grad) throw new Error("no gradient");
  const values = [...(await x.grad.data())];
  zeroGrad([x]);
  return values;
}

/** Copies in forward; its vjp does what the test says. */
const custom = (vjp: (dy: Tensor) => Tensor | null) =>
  defineOp({
    name: "custom",
    inputs: ["x"],
    shape: ({ x }, _: object) => x,
    forward: ({ x }, _, y) => {
      y.device.queue.copy(x.storage.block.buffer, y.storage.block.buffer, x.bytes);
      return undefined;
    },
    vjp: (_, dy) => ({ x: vjp(dy) }),
  });

describe("gradients that are handed through never share bytes wrongly", () => {
  const cases: Record<string, { run: (x: Tensor) => Tensor; slope: (v: number) => number }> = {
    "add(x, x)": { run: (x) => add(x, x), slope: () => 2 },
    "add(x, x) squared": {
      run: (x) => {
        const y = add(x, x);
        return mul(y, y);
      },
      slope: (v) => 8 * v,
    },
    "x used by three adds": { run: (x) => add(add(x, x), add(x, x)), slope: () => 4 },
    "x through two reshapes and itself": {
      run: (x) => add(reshape(reshape(x, [2, 2]), [4]), x),
      slope: () => 2,
    },
    "the same reshape twice": {
      run: (x) => {
        const r = reshape(x, [2, 2]);
        return reshape(mul(add(r, r), r), [4]);
      },
      slope: (v) => 4 * v,
    },
    "sub(x, x)": { run: (x) => sub(x, x), slope: () => 0 },
    "a diamond: h + 3 h with h = x + x": {
      run: (x) => {
        const h = add(x, x);
        return add(h, affine(h, { scale: 3 }));
      },
      slope: () => 8,
    },
    "one dy twice for an inner node": {
      run: (x) => {
        const h = affine(x, { scale: 3 });
        return add(h, h);
      },
      slope: () => 6,
    },
    "affine with scale 1 hands dy through": {
      run: (x) => add(affine(x, { shift: 1 }), mul(x, affine(x, { shift: 2 }))),
      slope: (v) => 1 + 2 * v + 2,
    },
  };
  for (const [name, { run, slope }] of Object.entries(cases)) {
    test(name, async () => {
      const device = await testDevice();
      const values = [1, -2, 3, 0.5];
      await expectNoLeak(device, async () => {
        const x = leaf(device, values);
        const gradient = tensor(device, [1, 2, 3, 4]);
        backward(run(x), { gradient });
        expect(await gradOf(x)).toEqual(values.map((v, i) => slope(v) * (i + 1)));
        expect([...(await gradient.data())], "the caller's gradient stays as it was").toEqual([1, 2, 3, 4]);
      });
    });
  }

  test("two leaves that receive the same dy own different bytes", async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const [a, b] = [leaf(device, [1, 2]), leaf(device, [3, 4])];
      backward(add(a, b), { gradient: tensor(device, [5, 6]) });
      a.grad?.write([0, 0]);
      expect(await gradOf(b)).toEqual([5, 6]);
      expect(await gradOf(a)).toEqual([0, 0]);
    });
  });

  test("an activation overwrites a gradient that it alone holds, and no other", async () => {
    const device = await testDevice();
    await scope(device, "test", async () => {
      const [a, b] = [leaf(device, [-1, 2]), leaf(device, [0, 0])];
      const gradient = tensor(device, [5, 6]);
      backward(relu(a), { gradient });
      expect([...(await gradient.data())]).toEqual([5, 6]);
      expect(await gradOf(a)).toEqual([0, 6]);
      backward(add(relu(a), b), { gradient }); // the sum hands the same gradient to both
      expect(await gradOf(b)).toEqual([5, 6]);
      expect(await gradOf(a)).toEqual([0, 6]);
      const [first, second] = [mul(relu(a), tensor(device, [2, 2])), add(relu(a), b)];
      backward(sum(add(first, second))); // one of its own, one shared
      expect(await gradOf(a)).toEqual([0, 3]);
      expect(await gradOf(b)).toEqual([1, 1]);
    });
  });

  test("a gradient of its own takes in one that is shared, which stays as it was", async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const [a, b] = [leaf(device, [-1, 2]), leaf(device, [0, 0])];
      scope(device, "forward", () => {
        const m = affine(a, { scale: 3 });
        const y = add(b, add(m, square(m))); // m gets the sum's gradient, which b shares, and then square's
        backward(y, { gradient: tensor(device, [5, 6]) });
      });
      expect(await gradOf(b)).toEqual([5, 6]);
      expect(await gradOf(a)).toEqual([3 * 5 * (1 + 2 * -3), 3 * 6 * (1 + 2 * 6)]);
    });
  });

  test("a tensor that a vjp returns but does not own is not added to", async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const mine = tensor(device, [7, 8]);
      const fixed = custom(() => mine);
      const [a, b] = [leaf(device, [-1, 2]), leaf(device, [0, 0])];
      scope(device, "forward", () => {
        const m = affine(a, { scale: 3 });
        backward(add(b, add(m, fixed.apply({ x: m }, {}))), { gradient: tensor(device, [5, 6]) });
      });
      expect([...(await mine.data())]).toEqual([7, 8]);
      expect(await gradOf(a)).toEqual([3 * 12, 3 * 14]);
      mine.dispose();
    });
  });

  test("a leaf as y, and a gradient that the caller changes afterwards", async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const x = leaf(device, [1, 2]);
      const gradient = tensor(device, [5, 6]);
      backward(x, { gradient });
      gradient.write([0, 0]);
      expect(await gradOf(x)).toEqual([5, 6]);
    });
  });

  test("a vjp may return one tensor for two inputs", async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const [a, b] = [leaf(device, [1]), leaf(device, [2])];
      // add returns dy twice; behind two more adds both leaves meet the same storage again.
      const s = add(a, b);
      backward(add(add(s, a), b));
      expect([await gradOf(a), await gradOf(b)]).toEqual([[2], [2]]);
    });
  });
});

describe("accumulation", () => {
  test("gradients add up over backward calls until zeroGrad", async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const x = leaf(device, [1, -2, 3]);
      for (let k = 0; k < 3; k++) scope(device, "pass", () => backward(mul(x, x), { gradient: ones(device, [3]) }));
      expect(await gradOf(x)).toEqual([6, -12, 18]);
      expect(x.grad).toBeNull();
      scope(device, "pass", () => backward(add(x, x), { gradient: ones(device, [3]) }));
      expect(await gradOf(x)).toEqual([2, 2, 2]);
    });
  });

  test("a detached copy of .grad keeps its values while .grad goes on", async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const x = leaf(device, [1, 2]);
      backward(mul(x, x), { gradient: ones(device, [2]) });
      const first = x.grad?.detach() as Tensor;
      backward(mul(x, x), { gradient: ones(device, [2]) });
      expect([...(await first.data())]).toEqual([2, 4]);
      expect(await gradOf(x)).toEqual([4, 8]);
    });
  });

  test("broadcast inputs get sums", async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const [x, bias] = [leaf(device, [1, 2, 3, 4], [2, 2]), leaf(device, [10, 20])];
      backward(mul(add(x, bias), add(x, bias)), { gradient: ones(device, [2, 2]) });
      expect(await gradOf(bias)).toEqual([2 * (11 + 13), 2 * (22 + 24)]);
      expect(await gradOf(x)).toEqual([22, 44, 26, 48]);
    });
  });
});

describe("a vjp that fails", () => {
  test("unwinds scopes, tape and recording, frees everything, and the next backward works", async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const failing = custom((dy) => {
        relu(dy); // a temporary of the vjp's scope
        throw new Error("vjp gave up");
      });
      const x = leaf(device, [1, 2]);
      const y = failing.apply({ x: mul(x, x) }, {});
      expect(() => backward(add(y, x), { gradient: ones(device, [2]) })).toThrow("vjp gave up");
      expect(gradEnabled(device)).toBe(true);
      zeroGrad([x]);
      scope(device, "after", () => backward(mul(x, x), { gradient: ones(device, [2]) }));
      expect(await gradOf(x)).toEqual([2, 4]);
    });
  });

  test("a gradient of a wrong shape names the op", async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const wrong = custom((dy) => zeros(dy.device, [5]));
      const x = leaf(device, [1, 2]);
      const run = () => backward(wrong.apply({ x }, {}), { gradient: ones(device, [2]) });
      expect(run).toThrow(ShapeError);
      expect(run).toThrow(/^\[custom\] its gradient has a wrong shape\. Got \[5\]\. Expected \[2\]/);
      expect(gradEnabled(device)).toBe(true);
    });
  });

  test("an input from a consumed graph is named instead of losing its gradient", async () => {
    const device = await testDevice();
    await expectNoLeak(device, async () => {
      const x = leaf(device, [1, 2]);
      const h = mul(x, x);
      backward(h, { gradient: ones(device, [2]) });
      zeroGrad([x]);
      const again = add(h, x);
      expect(() => backward(again, { gradient: ones(device, [2]) })).toThrow(LifetimeError);
      zeroGrad([x]);
    });
  });

  test("noGrad restores recording after an error, sync and async", async () => {
    const device = await testDevice();
    expect(() =>
      noGrad(device, () => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(gradEnabled(device)).toBe(true);
    await expect(noGrad(device, () => Promise.reject(new Error("inside")))).rejects.toThrow("inside");
    expect(gradEnabled(device)).toBe(true);
  });
});

test("after 500 training steps the live bytes are what they were after 10", { timeout: 120_000 }, async () => {
  const device = await testDevice();
  await expectNoLeak(device, async () => {
    const values = (n: number, k: number) => Array.from({ length: n }, (_, i) => Math.sin(i * k) / 2);
    const params = [
      tensor(device, values(32, 1), [8, 4], { requiresGrad: true, tag: "params" }),
      tensor(device, values(8, 2), [8], { requiresGrad: true, tag: "params" }),
      tensor(device, values(8, 3), [1, 8], { requiresGrad: true, tag: "params" }),
    ];
    const x = tensor(device, values(24, 4), [6, 4]);
    const mean = tensor(device, new Array(6).fill(1 / 6), [1, 6]);
    const losses: number[] = [];
    let early = device.memory();
    for (let step = 1; step <= 500; step++) {
      await scope(device, "step", async () => {
        const h = linear(x, params[0], params[1], { activation: "gelu" });
        const y = affine(linear(h, params[2]), { shift: -1 });
        const loss = linear(reshape(mul(y, y), [1, 6]), mean);
        backward(loss);
        for (const p of params) p.write(await (await stepped(p)).data());
        zeroGrad(params);
        if (step % 100 === 0 || step === 1) losses.push(await loss.item());
      });
      if (step === 10) early = device.memory();
    }
    const late = device.memory();
    expect({ bytes: late.liveBytes, count: late.liveBuffers, tags: late.byTag }).toEqual({
      bytes: early.liveBytes,
      count: early.liveBuffers,
      tags: early.byTag,
    });
    expect(late.reservedPeakBytes).toBe(early.reservedPeakBytes);
    expect(losses.at(-1)).toBeLessThan(losses[0] / 10);
  });
});

async function stepped(p: Tensor): Promise<Tensor> {
  return noGrad(p.device, () => sub(p, affine(p.grad as Tensor, { scale: 0.05 })));
}

test("clearGraph frees what a forward pass saved", async () => {
  const device = await testDevice();
  const x = leaf(device, [1, 2]);
  const before = device.memory().liveBuffers;
  const y = scope(device, "forward", () => mul(mul(x, x), x)); // y keeps the graph alive
  expect(device.memory().liveBuffers).toBeGreaterThan(before + 1);
  clearGraph(device);
  expect(device.memory().liveBuffers).toBe(before + 1);
  y.dispose();
  x.dispose();
});

test("a freed leaf takes its gradient along", async () => {
  const device = await testDevice();
  await expectNoLeak(device, async () => {
    const x = leaf(device, [1, 2]); // the scope owns x, nobody owns x.grad
    backward(mul(x, x), { gradient: ones(device, [2]) });
  });
});

test("a forward pass that nobody calls backward on frees what it saved with its tensors", async () => {
  const device = await testDevice();
  const w = tensor(device, new Float32Array(1024).fill(0.5), [1024], { requiresGrad: true });
  const before = device.memory().liveBytes;
  for (let i = 0; i < 3; i++) {
    scope(device, "no backward", () => {
      const h = gelu(mul(w, w));
      const again = gelu(h);
      h.dispose(); // its node stays for `again`
      expect(device.memory().liveBytes).toBeGreaterThan(before);
      return void again;
    });
    expect(device.memory().liveBytes).toBe(before);
  }
  // An intermediate tensor freed by hand does not cut the graph.
  const h = gelu(mul(w, w));
  const y = sum(gelu(h));
  h.dispose();
  backward(y);
  expect((await w.grad?.data())?.every((g) => g > 0)).toBe(true);
  y.dispose();
  w.dispose();
});
