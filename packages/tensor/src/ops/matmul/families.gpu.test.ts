import { testDevice, worstError } from "@ama-sam/testing";
import { type OpCase, opSuite } from "@ama-sam/testing/op-suite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setFlags, withFlags } from "../../debug/flags";
import { narrowSubgroup } from "../../kernel/narrow-subgroup";
import { refArray } from "../../op/reference";
import { empty, scope, tensor } from "../../tensor/tensor";
import { type LinearOptions, linear, linearOp } from "../linear/linear";
import { linearRef } from "../linear/linear.ref";
import { type MatmulOptions, matmul, matmulOp } from "./matmul";
import { matmulRef } from "./matmul.ref";
import { allTiles, productTile, tileBytes } from "./tile";
import { productWindows } from "./windows";

const sizes = [1, 4, 5, 33];
const products: OpCase<MatmulOptions>[] = [
  ...sizes.map((m, i) => ({
    inputs: { a: { shape: [m, sizes[(i + 2) % 4]] }, b: { shape: [sizes[(i + 2) % 4], 34] } },
  })),
  // each operand stored both ways; the second of several tiles both ways
  ...[
    [8, 12, 36],
    [36, 20, 44],
  ].flatMap(([m, k, n]) =>
    [false, true].flatMap((transposeA) =>
      [false, true].map((transposeB) => ({
        inputs: {
          a: { shape: transposeA ? [2, k, m] : [2, m, k] },
          b: { shape: transposeB ? [2, n, k] : [2, k, n] },
        },
        attrs: { transposeA, transposeB },
      })),
    ),
  ),
  { inputs: { a: { shape: [2, 7, 6] }, b: { shape: [2, 9, 7] } }, attrs: { transposeA: true, transposeB: true } },
  { name: "b shared", inputs: { a: { shape: [3, 6, 7] }, b: { shape: [7, 9] } } },
];
const { f16 } = (await testDevice()).abilities;
const lanes = narrowSubgroup(await testDevice());
const eight = lanes === 8;
const ends: OpCase<LinearOptions>[] = [
  { inputs: { x: { shape: [3, 5, 24] }, weight: { shape: [12, 24] }, bias: null } },
  ...(["relu", "gelu"] as const).map((activation) => ({
    inputs: { x: { shape: [7, 9] }, weight: { shape: [6, 9] }, bias: { shape: [6] } },
    attrs: { activation },
  })),
  // where the adapter has f16: SwiftShader has not
  ...(f16 ? [24, 9] : []).map((k) => ({
    name: "weights stored f16",
    inputs: { x: { shape: [7, k] }, weight: { shape: [12, k], dtype: "f16" as const }, bias: { shape: [12] } },
  })),
];

const narrow = { 8: ["windows", "panels", "subgroup"], 4: ["quad"], 0: [] };
for (const family of ["tile", "direct", ...narrow[lanes]]) {
  describe(`products by ${family}`, () => {
    beforeAll(() => setFlags({ family: `matmul:${family}` }));
    afterAll(() => setFlags({ family: "" }));
    opSuite(matmulOp, products);
    opSuite(linearOp, ends);

    // Terms are padded with zeros; made by multiplying the last ones with zero, they would turn an infinity into NaN.
    test.each([5, 6, 8])("an infinity stays one, with %i terms", async (k) => {
      const device = await testDevice();
      const [m, n] = [3, 8];
      const ones = (rows: number, cols: number, end = 1) =>
        tensor(device, [...new Array(rows * cols - 1).fill(1), end], [rows, cols]);
      const [left, right] = scope(device, "test", () => [
        matmul(ones(m, k, Infinity), ones(k, n)),
        matmul(ones(m, k), ones(k, n, Infinity)),
      ]);
      expect(await left!.data()).toEqual(
        Float32Array.from({ length: m * n }, (_, i) => (i >= (m - 1) * n ? Infinity : k)),
      );
      expect(await right!.data()).toEqual(
        Float32Array.from({ length: m * n }, (_, i) => (i % n === n - 1 ? Infinity : k)),
      );
      for (const y of [left, right]) y!.dispose();
    });
  });
}

describe("tiles", () => {
  // Every tile that fits in 16 KiB on operands as they are stored, and each kind of lane on transposed ones.
  const turned = [
    { TM: 128, TN: 128, BK: 8, R: 8 },
    { TM: 64, TN: 64, BK: 8, R: 8 },
    { TM: 64, TN: 64, BK: 16, R: 4 },
  ];
  const tiles = allTiles().filter((tile) => tileBytes(tile) <= 16384);
  const kinds = [
    { transposeA: false, transposeB: false, of: tiles },
    ...[false, true].flatMap((transposeB) => [{ transposeA: true, transposeB, of: turned }]),
    { transposeA: false, transposeB: true, of: turned },
  ];
  test.each(kinds)("give the float64 product, $transposeA, $transposeB", async ({ transposeA, transposeB, of }) => {
    const device = await testDevice();
    const [m, k, n] = [140, 20, 132]; // several tiles both ways and a part of one
    const values = (count: number) => Float64Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * i)));
    const [a, b] = [values(m * k), values(k * n)];
    const [shapeA, shapeB] = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
    const expected = matmulRef({ a: refArray(shapeA, a), b: refArray(shapeB, b) }, { transposeA, transposeB });
    await scope(device, "test", async () => {
      const [ta, tb] = [tensor(device, a, shapeA), tensor(device, b, shapeB)];
      for (const tile of of) {
        const y = empty(device, [m, n]);
        productTile({ a: ta, b: tb, y, batch: 1, m, n, k, transposeA, transposeB }, tile);
        expect(worstError(await y.data(), expected.data), JSON.stringify(tile)).toBeLessThan(1e-6);
      }
    });
  });

  test("launches cut into pieces give the same bits", async () => {
    const device = await testDevice();
    const [batch, m, k, n] = [3, 140, 20, 36];
    const values = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * i));
    const run = (launchGflop: number) =>
      withFlags({ launchGflop }, () =>
        scope(device, "test", async () => {
          const [a, b] = [tensor(device, values(batch * m * k), [batch, m, k]), tensor(device, values(k * n), [k, n])];
          const y = empty(device, [batch, m, n]);
          const before = device.queue.counts.dispatches;
          productTile({ a, b, y, batch, m, n, k, sharedB: true }, { TM: 32, TN: 32, BK: 8, R: 4 });
          return { launches: device.queue.counts.dispatches - before, y: await y.data() };
        }),
      );
    const [cut, whole] = [await run(1e-4), await run(100)]; // in this order: the pool has nothing of the same yet
    expect([whole.launches, cut.launches]).toEqual([1, 5]); // 0.6 MFLOP by 0.1, in whole tiles of rows: 15, three at a time
    expect(cut.y).toEqual(whole.y);
  });

  // 8195 terms are 64 launches and one of three terms.
  test.runIf(eight).each(["windows", "panels"])(
    "%s with a copied in pieces give the float64 product, bias and activation included",
    async (family) => {
      const device = await testDevice();
      const [m, k, n] = [2 * 128 + 70, 4 * 2048 + 3, 12]; // pieces of 128 or 320 rows, odd sizes
      const values = (count: number, f: number) =>
        Float64Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * f)));
      const [x, w, bias] = [values(m * k, 0.7), values(n * k, 1.3), values(n, 0.1)];
      const expected = linearRef(
        { x: refArray([m, k], x), weight: refArray([n, k], w), bias: refArray([n], bias) },
        { activation: "relu" },
      );
      await withFlags({ family: `matmul:${family}` }, () =>
        scope(device, "test", async () => {
          const y = linear(tensor(device, x, [m, k]), tensor(device, w, [n, k]), tensor(device, bias, [n]), {
            activation: "relu",
          });
          expect(worstError(await y.data(), expected.data)).toBeLessThan(1e-5);
        }),
      );
    },
  );

  // rows: a part of a window, two workgroups' shares, two launches; terms: a short launch, two long ones and a part, with a short one
  test.runIf(eight).each([
    [70, 50, 64],
    [300, 256, 100],
    [900, 196, 72],
    [129, 260, 832],
  ])("windows give the float64 product, ends included, %i x %i x %i", async (m, k, n) => {
    const device = await testDevice();
    const batch = 2;
    const values = (count: number) => Float64Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * i)));
    const [a, b, rows, columns] = [values(batch * m * k), values(batch * k * n), values(m), values(n)];
    const expected = matmulRef({ a: refArray([batch, m, k], a), b: refArray([batch, k, n], b) }, {}).data;
    const ended = (at: (i: number) => number) => expected.map((v, i) => Math.max(0, 0.5 * v + at(i)));
    await scope(device, "test", async () => {
      const [ta, tb] = [tensor(device, a, [batch, m, k]), tensor(device, b, [batch, k, n])];
      const spec = { a: ta, b: tb, batch, m, n, k };
      const plain = empty(device, [batch, m, n]);
      productWindows({ ...spec, y: plain });
      expect(worstError(await plain.data(), expected)).toBeLessThan(1e-5);
      const ends = { alpha: 0.5, activation: "relu" } as const;
      const perRow = empty(device, [batch, m, n]);
      productWindows({ ...spec, ...ends, y: perRow, bias: tensor(device, rows), biasPerRow: true });
      const rowOf = (i: number) => Math.floor(i / n) % m;
      expect(
        worstError(
          await perRow.data(),
          ended((i) => rows[rowOf(i)]),
        ),
      ).toBeLessThan(1e-5);
      const perColumn = empty(device, [batch, m, n]);
      productWindows({ ...spec, ...ends, y: perColumn, bias: tensor(device, columns) });
      expect(
        worstError(
          await perColumn.data(),
          ended((i) => columns[i % n]),
        ),
      ).toBeLessThan(1e-5);
    });
  });

  // Panels of b lie behind one another: what is read past the terms of one belongs to the next.
  test.runIf(eight)("windows keep an infinity in its column", async () => {
    const device = await testDevice();
    const [m, k, n] = [4, 70, 128];
    await scope(device, "test", async () => {
      const b = new Float32Array(k * n).fill(1);
      for (let i = 0; i < k; i++) b[i * n + 64] = Infinity; // the first column of the second panel
      const y = empty(device, [m, n]);
      const [ta, tb] = [tensor(device, new Float32Array(m * k).fill(1), [m, k]), tensor(device, b, [k, n])];
      productWindows({ a: ta, b: tb, y, batch: 1, m, n, k });
      const got = await y.data();
      expect(got).toEqual(Float32Array.from({ length: m * n }, (_, i) => (i % n === 64 ? Infinity : k)));
    });
  });

  test("a family that does not exist is refused by name", async () => {
    const device = await testDevice();
    const x = tensor(device, [1], [1, 1]);
    await withFlags({ family: "softmax:plain, matmul:tiled" }, () =>
      expect(() => matmul(x, x)).toThrow(
        /\[matmul\] the forced family does not run here. Got tiled on .*Expected tile/,
      ),
    );
    x.dispose();
  });
});
