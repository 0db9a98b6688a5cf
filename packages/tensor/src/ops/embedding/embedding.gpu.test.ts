import { embedding, scope, tensor } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { embeddingOp } from "./embedding";

const at = (v: number, d: number, shape: number[], values: number[], dtype: "i32" | "u32" = "u32") => ({
  inputs: { weight: { shape: [v, d] }, idx: { shape, values, dtype } },
});
opSuite(embeddingOp, [
  at(5, 3, [2, 4], [0, 4, 4, 1, 4, 0, 2, 4], "i32"),
  at(7, 8, [5], [6, 6, 6, 6, 0]),
  at(2, 1, [1], [1]),
  at(3, 300, [4], [2, 1, 2, 0]),
  at(3, 4, [], [1]),
  at(3, 4, [0], []),
]);

test("an index outside the table gives NaN; a table that is none is refused", async () => {
  const device = await testDevice();
  await scope(device, "test", async () => {
    const weight = tensor(device, [1, 2], [2, 1]);
    const y = await embedding(weight, tensor(device, [1, -1, 2], [3], { dtype: "i32" })).data();
    expect([...y]).toEqual([2, Number.NaN, Number.NaN]);
    const idx = tensor(device, [0], [1], { dtype: "u32" });
    expect(() => embedding(tensor(device, [1]), idx)).toThrow(
      "[embedding] weight is not a matrix. Got [1]. Expected [V, D].",
    );
    expect(() => embedding(weight, tensor(device, [0]))).toThrow(
      "[embedding] idx has a wrong type. Got f32. Expected i32 or u32.",
    );
  });
});
