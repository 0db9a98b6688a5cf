import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { describe, expect, test } from "vitest";
import { tensor } from "../../tensor/tensor";
import { nearestSource } from "./axis";
import { interpolateBilinear, interpolateBilinearOp, interpolateNearest, interpolateNearestOp } from "./interpolate";

const resizes: { name: string; from: number[]; size: number[] }[] = [
  { name: "x 4", from: [2, 2, 5, 4], size: [20, 16] },
  { name: "x 2 to odd rows and a partial tile", from: [1, 2, 3, 6], size: [7, 12] },
  { name: "x 2.6, wider than a workgroup", from: [1, 1, 14, 14], size: [37, 36] },
  { name: "odd sizes up", from: [1, 2, 4, 7], size: [13, 9] },
  { name: "down", from: [1, 2, 9, 11], size: [4, 3] },
  { name: "far down", from: [2, 1, 23, 17], size: [2, 2] },
  { name: "one axis up, one down", from: [1, 1, 3, 12], size: [8, 5] },
  { name: "to one pixel", from: [1, 3, 5, 6], size: [1, 1] },
  { name: "from one pixel", from: [2, 1, 1, 1], size: [3, 5] },
  { name: "to one column", from: [1, 2, 4, 5], size: [12, 1] },
  { name: "same size", from: [1, 1, 6, 5], size: [6, 5] },
  { name: "wider than a workgroup", from: [1, 1, 9, 12], size: [18, 37] },
];

for (const alignCorners of [false, true])
  opSuite(
    interpolateBilinearOp,
    resizes.map(({ name, from, size }) => ({ name, inputs: { x: { shape: from } }, attrs: { size, alignCorners } })),
  );
opSuite(
  interpolateNearestOp,
  resizes.map(({ name, from, size }) => ({ name, inputs: { x: { shape: from } }, attrs: { size } })),
);

describe("interpolate", () => {
  test("keeps a constant image constant and a ramp a ramp", async () => {
    const device = await testDevice();
    const flat = tensor(device, new Float32Array(35).fill(3), [1, 1, 5, 7]);
    const ramp = tensor(device, [0, 1, 2, 3, 4], [1, 1, 1, 5]);
    const [wide, line] = [
      interpolateBilinear(flat, [11, 13]),
      interpolateBilinear(ramp, [1, 9], { alignCorners: true }),
    ];
    expect((await wide.data()).every((v) => Math.abs(v - 3) < 1e-6)).toBe(true);
    expect([...(await line.data())]).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]);
    for (const t of [flat, ramp, wide, line]) t.dispose();
  });

  test("large sizes keep exact weights", async () => {
    const device = await testDevice();
    const width = 20_000;
    const x = tensor(
      device,
      Float32Array.from({ length: width }, (_, i) => (i % 2) * 1000),
      [1, 1, 1, width],
    );
    const y = interpolateBilinear(x, [1, 3 * width]);
    const got = await y.data();
    // Output 3 i + 1 lies on pixel i, 3 i + 2 a third of a pixel further.
    for (const i of [1, 9_999, 19_997]) {
      expect(got[3 * i + 1]).toBe((i % 2) * 1000);
      expect(got[3 * i + 2]).toBeCloseTo(i % 2 ? 2000 / 3 : 1000 / 3, 3);
    }
    for (const t of [x, y]) t.dispose();
  });

  test("nearest rounds as PyTorch does where the exact index is a whole number", async () => {
    const device = await testDevice();
    const x = tensor(device, [0, 1], [1, 1, 1, 2]);
    const y = interpolateNearest(x, [1, 82]); // f32: 41 * (2 / 82) < 1
    const got = await y.data();
    expect(got[41]).toBe(nearestSource(41, 2, 82));
    expect([nearestSource(41, 2, 82), nearestSource(42, 2, 82)]).toEqual([0, 1]);
    for (const t of [x, y]) t.dispose();
  });

  test("wrong use says what to change", async () => {
    const device = await testDevice();
    const x = tensor(device, new Float32Array(4), [1, 1, 2, 2]);
    expect(() => interpolateBilinear(x, [3])).toThrow(
      "[interpolateBilinear] size is no image. Got size [3], x [1, 1, 2, 2]. Expected [H, W], each >= 1.",
    );
    expect(() => interpolateNearest(x, [0, 2])).toThrow("[interpolateNearest] size is no image. Got size [0, 2]");
    const line = tensor(device, new Float32Array(2), [2]);
    expect(() => interpolateNearest(line, [2, 2])).toThrow("x has a wrong shape. Got [2]. Expected [B, C, H, W].");
    for (const t of [x, line]) t.dispose();
  });
});
