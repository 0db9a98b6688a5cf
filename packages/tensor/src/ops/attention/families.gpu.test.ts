import { Random, testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { describe, expect, test } from "vitest";
import { backward } from "../../autograd/tape";
import { withFlags } from "../../debug/flags";
import { scope, tensor } from "../../tensor/tensor";
import { mul } from "../binary/binary";
import { mean, sum } from "../sum/sum";
import { attention, attentionOp } from "./attention";
import type { AttentionVariant } from "./heads";
import { qkvAttention, qkvAttentionOp } from "./qkv-attention";
import { relPosAttentionOp } from "./rel-pos-attention";
import { attentionTileKernel } from "./tile";
import { attentionGradKvTileKernel, attentionGradQTileKernel } from "./tile-grad";

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
    const cut = await run(1e-4); // 2 x 2 heads of 2 blocks of queries, 4 of keys; first: the pool has nothing of the same yet
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
      for (const { name } of [attentionGradQTileKernel, attentionGradKvTileKernel]) expect(gradients).toContain(name);
      x.grad?.dispose();
    }
    await withFlags({ family: "attention:tiled" }, () =>
      expect(() => attention(x, x, x)).toThrow(
        "[attention] no such family. Got tiled. Expected subgroup, tile, plain.",
      ),
    );
    x.dispose();
  });
});
