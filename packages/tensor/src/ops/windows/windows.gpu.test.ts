import { scope, tensor, windowPartition, windowUnpartition } from "@ama-sam/tensor";
import { testDevice } from "@ama-sam/testing";
import { opSuite } from "@ama-sam/testing/op-suite";
import { expect, test } from "vitest";
import { windowPartitionOp, windowUnpartitionOp } from "./windows";

const images: [number[], number][] = [
  [[2, 5, 7, 3], 3],
  [[1, 4, 6, 8], 2],
  [[2, 3, 3, 4], 5],
  [[1, 1, 1, 1], 1],
  [[3, 8, 8, 4], 4],
];
for (const [[b, h, w, c], window] of images) {
  const count = b * Math.ceil(h / window) * Math.ceil(w / window);
  opSuite(windowPartitionOp, [{ inputs: { x: { shape: [b, h, w, c] } }, attrs: { window } }]);
  opSuite(windowUnpartitionOp, [
    { inputs: { x: { shape: [count, window, window, c] } }, attrs: { window, size: [h, w] } },
  ]);
}

test("wrong sizes are refused", async () => {
  const device = await testDevice();
  scope(device, "test", () => {
    const x = tensor(device, [1, 2, 3, 4], [1, 2, 2, 1]);
    expect(() => windowPartition(x, 0)).toThrow("[windowPartition] window is not a side length. Got 0.");
    expect(() => windowUnpartition(x, 2, [4, 2])).toThrow(
      "[windowUnpartition] x is not a whole number of images. Got x [1, 2, 2, 1] for [H, W] = [4, 2]. Expected a multiple of 2 windows of 2 x 2.",
    );
    expect(() => windowUnpartition(x, 3, [3, 3])).toThrow("[windowUnpartition] x has a wrong shape");
  });
});
