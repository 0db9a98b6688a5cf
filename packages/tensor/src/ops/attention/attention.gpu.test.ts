import { goldenCases, judge, Random, testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { describe, expect, test } from "vitest";
import { backward } from "../../autograd/tape";
import { sizeOf } from "../../tensor/shape";
import { type Tensor, tensor } from "../../tensor/tensor";
import { attention, attentionOp } from "./attention";
import { attentionRef } from "./attention.ref";
import { fusedHeads } from "./heads";
import { qkvAttention, qkvAttentionOp } from "./qkv-attention";
import { relPosAttention, relPosAttentionOp } from "./rel-pos-attention";

const s = (...shape: number[]) => ({ shape });
const qkv = (b: number, a: number, nq: number, nk: number, d: number) => ({
  q: s(b, a, nq, d),
  k: s(b, a, nk, d),
  v: s(b, a, nk, d),
});
// One line of tokens has one entry in its table, whose gradient is exactly zero: nothing to compare rounding with.
const rel = (b: number, a: number, H: number, W: number, d: number, variant: "auto" | "plain" = "auto") => ({
  inputs: { ...qkv(b, a, H * W, H * W, d), relPosH: { ...s(2 * H - 1, d), grad: H > 1 }, relPosW: s(2 * W - 1, d) },
  attrs: { H, W, variant },
});

opSuite(attentionOp, [
  { inputs: qkv(1, 1, 1, 1, 1) },
  { inputs: qkv(2, 3, 7, 13, 3) },
  { inputs: qkv(1, 2, 9, 5, 14), attrs: { scale: 0.3 } },
  { inputs: qkv(1, 2, 5, 40, 8) },
  { inputs: qkv(1, 2, 5, 40, 8), attrs: { variant: "plain" } },
  { name: "more than one tile both ways", inputs: qkv(1, 1, 37, 67, 8) },
  { name: "scores up to 100", inputs: { ...qkv(1, 2, 18, 70, 8), q: { shape: [1, 2, 18, 8], scale: 20 } } },
  { inputs: qkv(2, 2, 33, 17, 40) },
  { name: "frozen k", inputs: { ...qkv(1, 2, 5, 40, 8), k: { ...s(1, 2, 40, 8), grad: false } } },
  {
    name: "frozen k and v",
    inputs: { ...qkv(1, 2, 5, 9, 8), k: { ...s(1, 2, 9, 8), grad: false }, v: { ...s(1, 2, 9, 8), grad: false } },
  },
]);

opSuite(relPosAttentionOp, [
  rel(1, 2, 3, 5, 5),
  rel(2, 1, 1, 7, 8),
  rel(2, 1, 1, 7, 8, "plain"),
  rel(1, 2, 6, 4, 8),
  { name: "a line wider than a tile", ...rel(1, 1, 2, 35, 8) },
  { name: "a line that pads to half a tile", ...rel(1, 1, 9, 11, 8) },
  rel(1, 1, 7, 6, 40),
]);

opSuite(qkvAttentionOp, [
  { inputs: { qkv: s(2, 11, 3 * 2 * 5), relPosH: null, relPosW: null }, attrs: { heads: 2 } },
  { inputs: { qkv: s(2, 11, 3 * 2 * 8), relPosH: null, relPosW: null }, attrs: { heads: 2, scale: 1 } },
  {
    name: "frozen table",
    inputs: { qkv: s(3, 15, 3 * 2 * 8), relPosH: { ...s(9, 8), grad: false }, relPosW: s(5, 8) },
    attrs: { heads: 2, H: 5, W: 3 },
  },
]);

describe("attention", () => {
  // 1024 tokens at SAM's head width: what must not be stored would be 12 MiB here and 768 MiB at 4096 tokens and 12 heads.
  test("three heads of 32 x 32 tokens agree with float64 in sampled rows, and keep no score matrix", async () => {
    const device = await testDevice();
    const [A, H, W, D] = [3, 32, 32, 64];
    const random = new Random(5);
    const make = (...shape: number[]) => ({
      shape,
      data: Float64Array.from(random.normals(sizeOf(shape)), Math.fround),
    });
    const [x, h, w] = [make(1, H * W, 3 * A * D), make(2 * H - 1, D), make(2 * W - 1, D)];
    const [qkvs, relH, relW] = [x, h, w].map((t) => tensor(device, t.data, t.shape));
    device.resetPeak();
    const before = device.memory().liveBytes;
    const y = qkvAttention(qkvs, { heads: A, relPos: { h: relH, w: relW, H, W } });
    const got = await y.data();
    expect(device.memory().peakBytes - before).toBeLessThan(A * H * W * H * W * 4);
    const layout = fusedHeads("test", x.shape, { heads: A, H, W });
    const rows = [0, 511, 1023];
    const expected = attentionRef(layout, { q: x, k: x, v: x, relPosH: h, relPosW: w }, y.shape, rows);
    let worst = 0;
    for (const row of rows)
      for (let c = row * A * D; c < (row + 1) * A * D; c++)
        worst = Math.max(worst, Math.abs(got[c] - expected.data[c]));
    expect(worst).toBeLessThan(2e-5); // scores reach +-60: their rounding alone is 4e-6
    for (const t of [qkvs, relH, relW, y]) t.dispose();
  });

  const run: Record<string, (t: Record<string, Tensor>, a: { H: number; W: number }) => Tensor> = {
    attention: (t) => attention(t.q, t.k, t.v),
    rel_pos_attention: (t, { H, W }) => relPosAttention(t.q, t.k, t.v, t.rel_pos_h, t.rel_pos_w, { H, W }),
  };
  for (const golden of goldenCases("ops", Object.keys(run)))
    test(`${golden.id} as PyTorch has it`, async () => {
      const device = await testDevice();
      const inputs: Record<string, Tensor> = {};
      for (const [name, { shape, data }] of golden.tensors)
        if (name.startsWith("in."))
          inputs[name.slice(3)] = tensor(device, data as Float32Array, shape, { requiresGrad: true });
      const y = run[golden.op](inputs, golden.attrs as { H: number; W: number });
      const gout = golden.tensors.get("gout.y");
      if (!gout) throw new Error("no gradient in the case");
      const dy = tensor(device, gout.data as Float32Array, gout.shape);
      backward(y, { gradient: dy });
      expect(judge(golden, "out.y", await y.data())).toMatchObject({ ok: true });
      for (const [name, { grad }] of Object.entries(inputs))
        expect(judge(golden, `grad.${name}`, grad ? await grad.data() : [])).toMatchObject({ ok: true });
      for (const t of Object.values(inputs)) t.grad?.dispose();
      for (const t of [...Object.values(inputs), y, dy]) t.dispose();
    });

  test("wrong use says what to change", async () => {
    const device = await testDevice();
    const of = (...shape: number[]) => tensor(device, new Float32Array(sizeOf(shape)), shape);
    const [q, k, table, x] = [of(1, 2, 4, 8), of(1, 2, 4, 6), of(5, 8), of(1, 4, 20)];
    expect(() => attention(q, k, k)).toThrow(
      "[attention] k has a wrong shape. Got [1, 2, 4, 6]. Expected [1, 2, Nk, 8] as q [1, 2, 4, 8].",
    );
    expect(() => relPosAttention(q, q, q, table, table, { H: 2, W: 2 })).toThrow(
      "[relPosAttention] relPosH does not fit the grid. Got [5, 8]. Expected [3, 8].",
    );
    expect(() => qkvAttention(x, { heads: 2 })).toThrow(
      "[qkvAttention] qkv does not split into heads. Got [1, 4, 20] and 2 heads. Expected [B, N, 3 * heads * D].",
    );
    for (const t of [q, k, table, x]) t.dispose();
  });
});
