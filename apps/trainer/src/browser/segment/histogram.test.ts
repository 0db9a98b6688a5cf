import { expect, it } from "vitest";
import { histogram } from "./histogram";

it("counts every value once, outliers in the last bar", () => {
  const values = [...Array.from({ length: 99 }, (_, i) => i + 1), 100_000];
  const h = histogram(values, 10)!;
  expect(h.counts.reduce((a, b) => a + b, 0)).toBe(100);
  expect(h.median).toBe(51);
  expect(h.width * h.counts.length).toBeGreaterThan(99);
});

it("is nothing without values and one bar for one value", () => {
  expect(histogram([])).toBeNull();
  expect(histogram([5])!.counts.reduce((a, b) => a + b, 0)).toBe(1);
});

it("shows one clump beside many small ones without squeezing them", () => {
  const h = histogram([...new Array(200).fill(10), 5000]);
  expect(h!.beyond).toBe(1);
});
