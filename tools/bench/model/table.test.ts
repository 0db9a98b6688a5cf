import { expect, test } from "vitest";
import { largestError } from "./jobs";
import { modelTable } from "./table";
import { readTorch } from "./torch";

const times = { job: "train", ms: 200, inKernels: 0.9, encodeMs: 20, peakMib: 2000.4 } as const;
const printed = `some warning
{"job": "train", "precision": "fp32", "ms": 150.0, "batch": 1, "size": 1024, "peak_mib": 9000, "device": "card", "torch": "2"}
{"job": "train", "precision": "bf16", "ms": 100.0, "batch": 1, "size": 1024, "peak_mib": 5000, "device": "card", "torch": "2"}
`;

test("f32 stands beside PyTorch's f32, f16 beside bf16; above 1 is faster", () => {
  const table = modelTable(
    [
      { ...times, weights: "f32" },
      { ...times, weights: "f16", inKernels: null },
      { ...times, weights: "f32", job: "encoder" },
    ],
    readTorch(printed),
  );
  const [, , ...rows] = table.split("\n");
  expect(rows).toEqual([
    "| train | f32 | 200.0 | 90 % | 10 % | 2000 | 150.0 (fp32) | 0.75 x |",
    "| train | f16 | 200.0 | - | 10 % | 2000 | 100.0 (bf16) | 0.50 x |",
    "| encoder | f32 | 200.0 | 90 % | 10 % | 2000 | - | - |",
  ]);
});

test("the largest error is relative to the largest value, and NaN is no small error", () => {
  expect(largestError(Float32Array.of(1, -4), Float32Array.of(1.5, -4))).toBeCloseTo(0.125, 12);
  expect(largestError(Float32Array.of(1, 2, 4), Float32Array.of(1, Number.NaN, 4))).toBeNaN();
  expect(largestError(Float32Array.of(1, 2, 4), Float32Array.of(Number.NaN, 2, 5))).toBeNaN();
});
