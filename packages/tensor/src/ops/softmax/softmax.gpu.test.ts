import { noGrad, scope, softmax, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import type { RowFamily } from "../../kernel/lib/row-plan";
import { softmaxOp } from "./softmax";

const cases = [
  { inputs: { x: { shape: [3, 5] } } },
  { inputs: { x: { shape: [4, 1] } } },
  { inputs: { x: { shape: [2, 3, 4, 196], scale: 4 } } },
  { inputs: { x: { shape: [70, 9], scale: 80 } } },
  { inputs: { x: { shape: [2, 1100], scale: 3 } } },
  { inputs: { x: { shape: [3, 257], scale: 3 } } },
  { inputs: { x: { shape: [64] } } },
];
opSuite(softmaxOp, [
  ...cases,
  { name: "longer than registers", inputs: { x: { shape: [2, 6500], scale: 3 } } },
  { name: "longer than registers, odd", inputs: { x: { shape: [2, 1801], scale: 3 } } },
  { name: "empty", inputs: { x: { shape: [0, 4] } } },
]);
opSuite(
  softmaxOp,
  cases.map((c) => ({ ...c, name: "plain", attrs: { family: "plain" as RowFamily } })),
);

// Families that the adapter does not choose by itself, where its subgroups can run them.
const { subgroups, subgroupMinSize, subgroupMaxSize } = (await testDevice()).abilities;
if (subgroups && subgroupMinSize === subgroupMaxSize && subgroupMaxSize <= 8)
  for (const family of ["walk", "subgroup"] as const)
    opSuite(
      softmaxOp,
      cases
        // `subgroup` keeps 48 elements of a row for each invocation.
        .filter((c) => family === "walk" || (c.inputs.x.shape.at(-1) ?? 0) <= 48 * subgroupMaxSize)
        .map((c) => ({ ...c, name: family, attrs: { family } })),
    );

test("more rows than workgroups in one dimension", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    for (const family of [undefined, "plain"] as const) {
      const rows = 70_001 * (family ? 64 : 8);
      const x = tensor(
        device,
        new Float32Array(rows * 2).map((_, i) => (i % 2 ? Math.log((i % 5) + 1) : 0)),
        [rows, 2],
      );
      const y = await noGrad(device, () => softmaxOp.apply({ x }, { family })).data();
      const at = [0, 65_535, 65_536, rows - 1];
      for (const r of at) expect(y[2 * r + 1]).toBeCloseTo(1 - 1 / (1 + (((2 * r + 1) % 5) + 1)), 5);
    }
  });
});

test("a row of nothing but -Infinity is NaN, single ones are 0; a scalar is refused", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const low = Number.NEGATIVE_INFINITY;
    for (const family of [undefined, "plain"] as const) {
      const x = tensor(device, [low, low, low, low, low, 0, low, 0], [2, 4]);
      const y = [...(await softmaxOp.apply({ x }, { family }).data())];
      expect(y.slice(0, 4).every(Number.isNaN)).toBe(true);
      expect(y.slice(4)).toEqual([0, 0.5, 0, 0.5]);
    }
    expect(() => softmax(tensor(device, [1], []))).toThrow(/\[softmax\] x has no dimension. Got \[\]. Expected/);
  });
});
