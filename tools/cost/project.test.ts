import { expect, test } from "vitest";
import { atRates, boundsOf, mainBound, ratesOf, sumMs } from "./project";

const work = {
  products: { launches: 1, flops: 8e9, bytes: 1e6 },
  elementwise: { launches: 1, flops: 0, bytes: 4e6 },
};
const machine = { name: "x", gflops: 4000, gbps: 2, memoryBytes: 1 };

test("every family takes the longer of computing and moving", () => {
  const bounds = boundsOf(work, machine);
  expect(bounds).toEqual([
    { family: "products", ms: 2, by: "arithmetic" },
    { family: "elementwise", ms: 2, by: "bandwidth" },
  ]);
  expect(sumMs(boundsOf(work, machine, { products: 0.5, attention: 1, bandwidth: 0.25 }))).toBe(4 + 8);
  expect(mainBound(boundsOf(work, machine, { products: 0.5, attention: 1, bandwidth: 1 }))).toBe(
    "products, 67 % (arithmetic)",
  );
});

test("rates from one run give the time of that run, and of twice the work twice the time", () => {
  const rates = ratesOf(work, { products: 30, elementwise: 10 }, 20);
  expect(atRates(work, rates)).toBeCloseTo(20, 9);
  const twice = { ...work, elementwise: { launches: 2, flops: 0, bytes: 8e6 } };
  expect(atRates(twice, rates)).toBeCloseTo(25, 9);
  expect(atRates({ sums: { launches: 1, flops: 0, bytes: 1 } }, rates)).toBeNaN();
});
