import { backward, cast, scope, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { describe, expect, test } from "vitest";
import { castOp } from "./cast";

opSuite(castOp, [
  { attrs: { dtype: "i32" }, inputs: { x: { shape: [5], values: [1.7, -1.7, 0, 100, 3], grad: false } } },
  { attrs: { dtype: "f32" }, inputs: { x: { shape: [3], values: [1, 2, 70000], dtype: "u32" } } },
  { attrs: { dtype: "u32" }, inputs: { x: { shape: [0], grad: false } } },
]);

const { f16 } = (await testDevice()).abilities;
describe.runIf(f16)("f16", () => {
  opSuite(castOp, [
    { attrs: { dtype: "f16" }, inputs: { x: { shape: [37], grad: false } } },
    { attrs: { dtype: "f32" }, inputs: { x: { shape: [9], dtype: "f16" } } },
    { attrs: { dtype: "f16" }, inputs: { x: { shape: [70_001], grad: false } } },
  ]);

  test("gradients stay f32", async () => {
    const device = await testDevice();
    await scope(device, "test", async () => {
      const x = tensor(device, [1, 2.0001, -3], [3], { requiresGrad: true });
      const y = cast(cast(x, "f16"), "f32");
      expect([...(await y.data())]).toEqual([1, 2, -3]);
      backward(y, { gradient: tensor(device, [0.1, 0.2, 0.3]) });
      expect(x.grad?.dtype).toBe("f32");
      expect([...((await x.grad?.data()) ?? [])]).toEqual([0.1, 0.2, 0.3].map(Math.fround));
      x.grad?.dispose();
    });
  });
});
describe.runIf(!f16)("without f16", () => {
  test("says what is missing", async () => {
    const device = await testDevice();
    expect(() => cast(tensor(device, [1]), "f16")).toThrow(/this adapter has no f16/);
  });
});

test("the same type gives the tensor itself", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const x = tensor(device, [1]);
    expect(cast(x, "f32")).toBe(x);
  });
});
