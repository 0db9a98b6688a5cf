import { Random, testDevice, worstError } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { describe, expect, test } from "vitest";
import { backward } from "../../autograd/tape";
import { withFlags } from "../../debug/flags";
import { narrowSubgroup } from "../../kernel/narrow-subgroup";
import { scope, type Tensor, tensor } from "../../tensor/tensor";
import { mul } from "../binary/binary";
import { linear } from "../linear/linear";
import { mean, sum } from "../sum/sum";
import { square } from "../unary/unary";
import { attention, attentionOp } from "./attention";
import type { AttentionVariant } from "./heads";
import { qkvAttention, qkvAttentionOp } from "./qkv-attention";
import { relPosAttentionOp } from "./rel-pos-attention";
import { attentionTileKernel } from "./tile";
import { attentionGradTileKernel, tileWriter } from "./tile-grad";

const variant: AttentionVariant = "tile";
const s = (...shape: number[]) => ({ shape });
const qkv = (b: number, a: number, nq: number, nk: number, d: number) => ({
  q: s(b, a, nq, d),
  k: s(b, a, nk, d),
  v: s(b, a, nk, d),
});
const rel = (b: number, a: number, H: number, W: number, d: number) => ({
  inputs: { ...qkv(b, a, H * W, H * W, d), relPosH: s(2 * H - 1, d), relPosW: s(2 * W - 1, d) },
  attrs: { H, W, variant },
});

describe("attention by tile", () => {
  opSuite(attentionOp, [
    { inputs: qkv(1, 1, 1, 1, 4), attrs: { variant } },
    { inputs: qkv(2, 2, 5, 42, 8), attrs: { variant, scale: 0.3 } },
    { name: "several blocks both ways", inputs: qkv(1, 1, 67, 65, 16), attrs: { variant } },
    { name: "a wide head", inputs: qkv(1, 1, 9, 18, 80), attrs: { variant } },
    {
      name: "scores up to 100",
      inputs: { ...qkv(1, 2, 18, 70, 8), q: { shape: [1, 2, 18, 8], scale: 20 } },
      attrs: { variant },
    },
    { name: "a head that is not whole vec4 runs plain", inputs: qkv(1, 2, 7, 13, 6), attrs: { variant } },
  ]);
  opSuite(relPosAttentionOp, [rel(2, 1, 6, 7, 8), { name: "a line wider than a block", ...rel(1, 1, 2, 35, 4) }]);
  opSuite(qkvAttentionOp, [
    {
      inputs: { qkv: s(3, 15, 3 * 2 * 8), relPosH: s(9, 8), relPosW: s(5, 8) },
      attrs: { heads: 2, H: 5, W: 3, variant },
    },
  ]);

  test("launches cut into pieces give the same bits", async () => {
    const device = await testDevice();
    const [H, W, heads, dim] = [9, 11, 2, 8];
    const random = new Random(3);
    const values = random.normals(2 * H * W * 3 * heads * dim);
    const tables = [H, W].map((n) => random.normals((2 * n - 1) * dim));
    const run = (launchGflop: number) =>
      withFlags({ family: "attention:tile", launchGflop }, () =>
        scope(device, "test", async () => {
          const before = device.queue.counts.dispatches;
          const x = tensor(device, values, [2, H * W, 3 * heads * dim], { requiresGrad: true });
          const [h, w] = [H, W].map((n, i) => tensor(device, tables[i], [2 * n - 1, dim], { requiresGrad: true }));
          const y = qkvAttention(x, { heads, relPos: { h, w, H, W } });
          backward(mean(mul(y, y)));
          const launches = device.queue.counts.dispatches - before;
          const results = [y, x.grad, h.grad, w.grad].map((it) => it?.data());
          return { launches, results: await Promise.all(results) };
        }),
      );
    const cut = await run(1e-4); // 2 x 2 heads of 4 blocks of queries; first: the pool has nothing of the same yet
    const whole = await run(100);
    expect(cut.launches).toBeGreaterThan(whole.launches + 3);
    expect(cut.results).toEqual(whole.results);
  });

  test("the flag forces a family, and a wrong name is refused", async () => {
    const device = await testDevice();
    const x = tensor(device, new Float32Array(32), [1, 1, 4, 8], { requiresGrad: true });
    if (device.abilities.timestamps) {
      const ran = (work: () => void) =>
        withFlags({ family: "attention:tile" }, async () => {
          const { kernels } = await device.profile(work);
          return kernels.map((it) => it.key.split("[")[0]);
        });
      expect(await ran(() => attention(x, x, x).dispose())).toEqual([attentionTileKernel.name]);
      const gradients = await ran(() => scope(device, "test", () => backward(sum(attention(x, x, x)))));
      expect(gradients.filter((it) => it === attentionGradTileKernel.name)).toHaveLength(5);
      x.grad?.dispose();
    }
    await withFlags({ family: "attention:tiled" }, () =>
      expect(() => attention(x, x, x)).toThrow(
        "[attention] no such family. Got tiled. Expected subgroup, quad, tile, plain.",
      ),
    );
    x.dispose();
  });
});

const differences = async (
  family: string,
  { B, heads, H, W, D }: { B: number; heads: number; H: number; W: number; D: number },
) => {
  const device = await testDevice();
  const random = new Random(5);
  const values = random.normals(B * H * W * 3 * heads * D);
  const tables = [H, W].map((n) => random.normals((2 * n - 1) * D));
  const weights = random.normals(B * H * W * heads * D);
  const run = (family: string) =>
    withFlags({ family }, () =>
      scope(device, "test", async () => {
        const qkv = tensor(device, values, [B, H * W, 3 * heads * D], { requiresGrad: true });
        const [h, w] = [H, W].map((n, i) => tensor(device, tables[i], [2 * n - 1, D], { requiresGrad: true }));
        const y = qkvAttention(qkv, { heads, relPos: { h, w, H, W } });
        backward(sum(mul(y, tensor(device, weights, y.shape))));
        return Promise.all([y, qkv.grad, h.grad, w.grad].map((it) => (it as Tensor).data()));
      }),
    );
  const [tested, plain] = [await run(family), await run("attention:plain")];
  return tested.map((it, i) => worstError(it, plain[i]));
};

/** The gradients of keys and values, when nothing else has one. */
const ofKeysAndValues = async (family: string) => {
  const device = await testDevice();
  const random = new Random(6);
  const [q, k, v] = [5, 7, 7].map((n) => random.normals(2 * n * 8));
  return withFlags({ family }, () =>
    scope(device, "test", async () => {
      const keys = tensor(device, k, [1, 2, 7, 8], { requiresGrad: true });
      const values = tensor(device, v, [1, 2, 7, 8], { requiresGrad: true });
      backward(sum(square(attention(tensor(device, q, [1, 2, 5, 8]), keys, values))));
      return Promise.all([keys.grad, values.grad].map((it) => (it as Tensor).data()));
    }),
  );
};

// Scores of 4 MiB at a time: the first takes many pieces of queries, whose dk and dv add up, the second several of heads.
const cases = [
  { B: 1, heads: 2, H: 33, W: 34, D: 8 },
  { B: 3, heads: 11, H: 14, W: 14, D: 12 },
  { B: 1, heads: 1, H: 3, W: 5, D: 132 },
  { B: 2, heads: 1, H: 9, W: 12, D: 8 },
];
describe("attention by tile, whose scores are written out for the gradients", () => {
  test.each(cases)("agrees with the plain kernels: $B x $heads heads, $H x $W, $D", async (it) => {
    for (const error of await differences("attention:tile", it)) expect(error).toBeLessThan(2e-5);
  });

  test.each(cases)("the same in pieces of 4 MiB: $B x $heads heads, $H x $W, $D", async (it) => {
    const { pieceBytes } = tileWriter;
    tileWriter.pieceBytes = 4 * 2 ** 20;
    try {
      for (const error of await differences("attention:tile", it)) expect(error).toBeLessThan(2e-5);
    } finally {
      tileWriter.pieceBytes = pieceBytes;
    }
  });

  test("cuts the terms of the queries' gradients into parts, where these have few tiles", async () => {
    const { partsOf } = tileWriter;
    const asked: number[] = [];
    tileWriter.partsOf = (tiles, terms) => {
      asked.push(partsOf(tiles, terms));
      return asked[0];
    };
    try {
      for (const error of await differences("attention:tile", cases[0])) expect(error).toBeLessThan(2e-5);
    } finally {
      tileWriter.partsOf = partsOf;
    }
    expect(asked).toEqual([4]); // 1122 keys, at least 256 a part; 18 tiles of queries in each of two heads
  });

  test("gives the gradients of keys and values alone", async () => {
    const [tile, plain] = [await ofKeysAndValues("attention:tile"), await ofKeysAndValues("attention:plain")];
    for (const [i, values] of tile.entries()) expect(worstError(values, plain[i])).toBeLessThan(2e-5);
  });
});

describe.runIf(narrowSubgroup(await testDevice()) === 4)("attention by quad", () => {
  test.each(cases)("agrees with the plain kernels: $B x $heads heads, $H x $W, $D", async (it) => {
    for (const error of await differences("attention:quad", it)) expect(error).toBeLessThan(2e-5);
  });

  test("gives the gradients of keys and values alone", async () => {
    const [quad, plain] = [await ofKeysAndValues("attention:quad"), await ofKeysAndValues("attention:plain")];
    for (const [i, values] of quad.entries()) expect(worstError(values, plain[i])).toBeLessThan(2e-5);
  });
});

describe("gradients in the place of qkv", () => {
  const [H, W, heads, dim] = [5, 7, 2, 8];
  const random = new Random(8);
  const x = random.normals(3 * H * W * 6);
  const weight = random.normals(3 * heads * dim * 6, 0.5);
  const tables = [H, W].map((n) => random.normals((2 * n - 1) * dim, 0.3));

  /** dx through a product, whose result nobody holds when backward runs. */
  const through = async (family: string, grid: boolean, held: boolean) => {
    const device = await testDevice();
    return withFlags({ family }, () =>
      scope(device, "test", async () => {
        const leaf = tensor(device, x, [3, H * W, 6], { requiresGrad: true });
        const [h, w] = tables.map((t, i) => tensor(device, t, [t.length / dim, dim], { name: "HW"[i] }));
        const qkv = linear(leaf, tensor(device, weight, [3 * heads * dim, 6]));
        const y = qkvAttention(qkv, { heads, relPos: grid ? { h, w, H, W } : null });
        const before = await qkv.data();
        if (!held) qkv.dispose();
        const start = device.queue.counts.dispatches;
        backward(sum(square(y)));
        const launches = device.queue.counts.dispatches - start;
        if (held) expect(await qkv.data()).toEqual(before);
        return { dx: await (leaf.grad as Tensor).data(), launches };
      }),
    );
  };

  test.each([
    ["attention:tile", false],
    ["attention:tile", true],
    ["attention:quad", true], // on SwiftShader alone
  ])("%s, relative positions %s: the same bits as beside it", async (family, grid) => {
    const device = await testDevice();
    if (family === "attention:quad" && narrowSubgroup(device) !== 4) return;
    const beside = await through(family, grid, true);
    const inPlace = await through(family, grid, false);
    expect(inPlace.dx).toEqual(beside.dx);
    expect(inPlace.launches, "copies into place").toBeGreaterThan(beside.launches);
  });
});
