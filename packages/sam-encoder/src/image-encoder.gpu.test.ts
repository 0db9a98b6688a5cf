import { Build } from "@ama-sam/nn";
import { backward, clearGraph, type Device, noGrad, scope, type Tensor, tensor } from "@ama-sam/tensor";
import { expectNoLeak, Random, testDevice, worstError } from "@ama-sam/testing";
import { expect, test } from "vitest";
import type { AdapterConfig, ImageEncoderConfig } from "./config";
import { EncoderError } from "./errors";
import { ImageEncoder, type Recompute } from "./image-encoder";
import { relPosTable } from "./rel-pos-attention";

const config: ImageEncoderConfig = {
  imageSize: 64,
  patchSize: 8,
  inChannels: 3,
  width: 24,
  depth: 4,
  heads: 3,
  mlpRatio: 2,
  window: 3, // 8 tokens pad to 9
  globalBlocks: [1, 3],
  outChannels: 16,
};

/** An encoder whose zero-initialised parts are random too, so that every path carries something. */
function make(device: Device, adapter: AdapterConfig | null, change: Partial<ImageEncoderConfig> = {}): ImageEncoder {
  const encoder = new ImageEncoder(new Build(device, { seed: 1 }), { ...config, ...change }, { adapter });
  for (const [i, [name, p]] of [...encoder.stateDict()].entries())
    if (/pos|fc2/.test(name)) p.write(new Random(i).normals(p.size, 0.3));
  return encoder;
}

const images = (device: Device, B = 1, H = 64, W = 64) =>
  tensor(device, new Random(2).normals(B * 3 * H * W), [B, 3, H, W]);

function trainOnly(encoder: ImageEncoder, which: RegExp): void {
  for (const [name, p] of encoder.namedParameters()) p.requiresGrad = which.test(name);
}

/** Gradients of everything trainable for one backward, and the dispatches that it took. */
async function gradients(
  encoder: ImageEncoder,
  x: Tensor,
  recompute: Recompute = false,
): Promise<{ grads: Map<string, Float32Array>; dispatches: number; saved: number }> {
  const { device } = encoder;
  return expectNoLeak(device, async () => {
    const base = device.memory().liveBytes;
    const y = scope(device, "forward", () => encoder.forward(x, { recompute }));
    const saved = device.memory().liveBytes - base;
    const before = device.queue.counts.dispatches;
    backward(y, { gradient: tensor(device, new Random(3).normals(y.size), y.shape) });
    const dispatches = device.queue.counts.dispatches - before;
    const grads = new Map<string, Float32Array>();
    for (const [name, p] of encoder.namedParameters()) {
      if (p.grad) grads.set(name, await p.grad.data());
      p.grad?.dispose();
      p.grad = null;
    }
    return { grads, dispatches, saved };
  });
}

test("recomputation gives the same gradients bit for bit, from a fraction of the memory", async () => {
  const device = await testDevice();
  const encoder = make(device, { ratio: 0.25, scale: 0.5 });
  const x = images(device, 2);
  for (const which of [/adapter/, /./]) {
    trainOnly(encoder, which);
    const kept = await gradients(encoder, x);
    const again = await gradients(encoder, x, true);
    expect(again.grads.size).toBe(encoder.trainable().size);
    expect(again.grads).toEqual(kept.grads);
    expect(again.saved).toBeLessThan(0.5 * kept.saved);
    const mlps = await gradients(encoder, x, "mlp");
    expect([...mlps.grads.keys()]).toEqual([...kept.grads.keys()]);
    for (const [name, grad] of mlps.grads)
      expect(worstError(grad, kept.grads.get(name) as Float32Array), name).toBeLessThan(1e-5);
    expect(mlps.saved).toBeLessThan(0.85 * kept.saved);
  }
  x.dispose();
  encoder.dispose();
});

test("a frozen encoder computes no weight gradient, and backward stops below the first adapter", async () => {
  const device = await testDevice();
  const x = images(device);
  const shallow = make(device, { ratio: 0.25, scale: 1 }, { depth: 2, globalBlocks: [1] });
  const deep = make(device, { ratio: 0.25, scale: 1 });
  trainOnly(shallow, /blocks\.1\.adapter/);
  trainOnly(deep, /blocks\.3\.adapter/);
  const [two, four] = [await gradients(shallow, x), await gradients(deep, x)];
  expect([...four.grads.keys()]).toEqual(
    [1, 2].flatMap((i) => ["weight", "bias"].map((n) => `blocks.3.adapter.fc${i}.${n}`)),
  );
  expect(four.dispatches, "nothing runs for the two blocks below").toBe(two.dispatches);
  expect(four.saved, "nothing is saved for them").toBe(two.saved);

  trainOnly(deep, /adapter/);
  const adapters = await gradients(deep, x);
  expect([...adapters.grads.keys()].every((n) => n.includes(".adapter."))).toBe(true);
  trainOnly(deep, /./);
  const all = await gradients(deep, x);
  // At least one kernel for every frozen weight and bias of a linear layer or norm is not run.
  expect(all.dispatches - adapters.dispatches).toBeGreaterThanOrEqual(4 * 8);
  for (const [name, grad] of adapters.grads) expect(all.grads.get(name)).toEqual(grad);

  trainOnly(deep, /nothing/);
  const before = device.memory().liveBuffers;
  const y = deep.forward(x);
  expect(y.requiresGrad).toBe(false);
  expect(device.memory().liveBuffers - before, "only the embedding stays").toBe(1);
  y.dispose();
  for (const t of [x, shallow, deep]) t.dispose();
});

/** Linear interpolation along a table, align_corners false, float64. */
function line(table: ArrayLike<number>, length: number, D: number, to: number): Float64Array {
  const out = new Float64Array(to * D);
  for (let i = 0; i < to; i++) {
    const at = Math.max(((i + 0.5) * length) / to - 0.5, 0);
    const low = Math.min(Math.floor(at), length - 1);
    const high = Math.min(low + 1, length - 1);
    for (let d = 0; d < D; d++)
      out[i * D + d] = table[low * D + d] * (1 - (at - low)) + table[high * D + d] * (at - low);
  }
  return out;
}

test("relative positions of another size are interpolated along the table, as SAM does", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const values = new Random(4).normals(15 * 8);
    const table = tensor(device, values, [15, 8]);
    expect(relPosTable(table, 8)).toBe(table);
    for (const size of [3, 5, 12, 64]) {
      const other = relPosTable(table, size);
      expect(other.shape).toEqual([2 * size - 1, 8]);
      expect(worstError(await other.data(), line(values, 15, 8, 2 * size - 1))).toBeLessThan(2e-6);
    }
  });
});

test("other image sizes interpolate the position table, bilinearly", async () => {
  const device = await testDevice();
  const encoder = make(device, null);
  for (const [name, p] of encoder.patchEmbed.stateDict()) {
    expect(name).toMatch(/^proj/);
    p.write(new Float32Array(p.size)); // the tokens are then the position table alone
  }
  const table = await encoder.posEmbed.data();
  await scope(device, "test", () =>
    noGrad(device, async () => {
      const taps = new Map<string, Tensor>();
      const y = encoder.forward(images(device, 1, 40, 96), {
        interpolatePositions: true,
        tap: (name, t) => taps.set(name, t.detach().keep()),
      });
      expect(y.shape).toEqual([1, 16, 5, 12]);
      expect([...taps.keys()]).toEqual(["embed", "block0", "block1", "block2", "block3"]);
      const rows = line(table, 8, 8 * 24, 5); // [5, 8, C]
      const want: number[] = [];
      for (let r = 0; r < 5; r++) want.push(...line(rows.subarray(r * 8 * 24, (r + 1) * 8 * 24), 8, 24, 12));
      expect(worstError((await taps.get("embed")?.data()) ?? [], want)).toBeLessThan(2e-6);
      expect((await y.data()).every(Number.isFinite)).toBe(true);
      for (const t of taps.values()) t.dispose();
    }),
  );
  encoder.dispose();
});

test("the preset's own size takes the table as it is; images of a batch do not see each other", async () => {
  const device = await testDevice();
  const encoder = make(device, { ratio: 0.25, scale: 1 });
  await scope(device, "test", () =>
    noGrad(device, async () => {
      const x = images(device, 2);
      const both = await encoder.forward(x).data();
      const same = await encoder.forward(x, { interpolatePositions: true, recompute: true }).data();
      expect(same).toEqual(both);
      const half = 3 * 64 * 64;
      const second = tensor(device, (await x.data()).slice(half), [1, 3, 64, 64]);
      const alone = await encoder.forward(second).data();
      expect(worstError(both.slice(alone.length), alone)).toBeLessThan(1e-5);
    }),
  );
  encoder.dispose();
});

test("wrong channels, an empty batch and other sizes are an EncoderError that says what to do", async () => {
  const device = await testDevice();
  const encoder = make(device, null);
  scope(device, "test", () => {
    const forward = (shape: number[], interpolatePositions = false) => {
      const x = tensor(device, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
      return () => encoder.forward(x, { interpolatePositions });
    };
    expect(forward([1, 4, 64, 64])).toThrow(EncoderError);
    expect(forward([1, 4, 64, 64])).toThrow(/Got \[1, 4, 64, 64\]. Expected \[B, 3, 64, 64\]/);
    expect(forward([3, 64, 64])).toThrow(/not a batch of images/);
    const unknown = { recompute: "mlps" as "mlp" };
    expect(() => encoder.forward(tensor(device, new Float32Array(3 * 64 * 64), [1, 3, 64, 64]), unknown)).toThrow(
      'recompute says nothing known. Got mlps. Expected true, false or "mlp".',
    );
    expect(forward([0, 3, 64, 64])).toThrow(/batch is empty/);
    expect(forward([1, 3, 64, 32])).toThrow(/another size.*preprocess\(\).*interpolatePositions/);
    expect(forward([1, 3, 64, 30], true)).toThrow(/multiples of 8/);
    expect(forward([1, 3, 0, 64], true)).toThrow(EncoderError);
  });
  clearGraph(device);
  encoder.dispose();
});
