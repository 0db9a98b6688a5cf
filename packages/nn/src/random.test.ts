import { expect, test } from "vitest";
import { Generator, philox } from "./random";

const hex = (words: readonly number[]) => words.map((w) => w.toString(16).padStart(8, "0")).join(" ");

test("philox gives the known answers of Random123", () => {
  const ones = 0xffffffff;
  expect(hex(philox([0, 0], [0, 0, 0, 0]))).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  expect(hex(philox([ones, ones], [ones, ones, ones, ones]))).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
  expect(hex(philox([0xa4093822, 0x299f31d0], [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]))).toBe(
    "d16cfe09 94fdcceb 5001e420 24126ea1",
  );
});

function moments(x: Float32Array): { mean: number; variance: number; kurtosis: number } {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const power = (k: number) => x.reduce((a, b) => a + (b - mean) ** k, 0) / x.length;
  return { mean, variance: power(2), kurtosis: power(4) / power(2) ** 2 };
}

test("uniform numbers fill their range evenly", () => {
  const x = new Generator(3).uniform("w", 40_000, -2, 6);
  const { mean, variance } = moments(x);
  expect(mean).toBeCloseTo(2, 1);
  expect(variance).toBeGreaterThan((64 / 12) * 0.98);
  expect(variance).toBeLessThan((64 / 12) * 1.02);
  expect(Math.min(...x)).toBeGreaterThanOrEqual(-2);
  expect(Math.max(...x)).toBeLessThan(6);
});

test("normal numbers have the deviation and the tails asked for, at odd counts too", () => {
  const x = new Generator(4).normal("w", 40_001, 0.5);
  const { mean, variance, kurtosis } = moments(x);
  expect(x).toHaveLength(40_001);
  expect(Math.abs(mean)).toBeLessThan(0.01);
  expect(Math.sqrt(variance)).toBeCloseTo(0.5, 2);
  expect(kurtosis).toBeGreaterThan(2.9);
  expect(kurtosis).toBeLessThan(3.1);
  expect(x.every(Number.isFinite)).toBe(true);
});

test("numbers depend on the seed and the name only", () => {
  const g = new Generator(5);
  const a = g.uniform("a", 9, 0, 1);
  g.normal("b", 100);
  expect(g.uniform("a", 9, 0, 1)).toEqual(a);
  expect(new Generator(5).uniform("a", 5, 0, 1)).toEqual(a.slice(0, 5));
  expect(new Generator(6).uniform("a", 9, 0, 1)).not.toEqual(a);
  expect(g.uniform("c", 9, 0, 1)).not.toEqual(a);
});
