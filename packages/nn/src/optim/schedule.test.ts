import { expect, test } from "vitest";
import { cosine, exponential, paperLearningRate, warmup } from "./schedule";

test("exponential is the paper's decay", () => {
  const at = exponential(2e-4, 0.98);
  expect(at(0)).toBe(2e-4);
  expect(at(29)).toBeCloseTo(2e-4 * 0.98 ** 29, 12);
});

test("cosine goes from lr to final and stays there", () => {
  const at = cosine(1, 10, 0.1);
  expect(at(0)).toBe(1);
  expect(at(5)).toBeCloseTo(0.55, 12);
  expect(at(10)).toBeCloseTo(0.1, 12);
  expect(at(99)).toBeCloseTo(0.1, 12);
  expect(cosine(1, 0)(0)).toBe(1);
});

test("warmup rises linearly, then follows", () => {
  const at = warmup(4, () => 8);
  expect([0, 1, 2, 3, 4, 9].map(at)).toEqual([2, 4, 6, 8, 8, 8]);
  expect(warmup(0, () => 8)(0)).toBe(8);
});

test("the paper's rate: 2e-4 at 40 images, inverse to their number", () => {
  expect(paperLearningRate(40)).toBeCloseTo(2e-4, 12);
  expect(paperLearningRate(80)).toBeCloseTo(1e-4, 12);
  expect(paperLearningRate(0)).toBeCloseTo(8e-3, 12);
});
