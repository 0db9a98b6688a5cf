import { describe, expect, it } from "vitest";
import { permutation, philox4x32, randomStream } from "./rng";

describe("philox4x32", () => {
  // Known answers of the Random123 distribution (kat_vectors: philox4x32 10).
  it.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[~0, ~0, ~0, ~0], [~0, ~0], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ] as const)("counter %j, key %j", (counter, key, expected) => {
    const words = philox4x32(counter, key).map((word) => word.toString(16).padStart(8, "0"));
    expect(words.join(" ")).toBe(expected);
  });
});

describe("randomStream", () => {
  const draws = (...at: [number, number, number?, number?]) => {
    const random = randomStream(...at);
    return Array.from({ length: 9 }, () => random.u32());
  };

  it("repeats itself and differs in every coordinate", () => {
    const base = draws(1, 2, 3, 4);
    expect(draws(1, 2, 3, 4)).toEqual(base);
    for (const other of [
      draws(5, 2, 3, 4),
      draws(1, 5, 3, 4),
      draws(1, 2, 5, 4),
      draws(1, 2, 3, 5),
      draws(1 + 2 ** 32, 2, 3, 4),
    ]) {
      expect(other).not.toEqual(base);
    }
  });

  it("is uniform: mean, range and all values of below", () => {
    const random = randomStream(7, 0);
    let sum = 0;
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const value = random.uniform();
      if (value < 0 || value >= 1) throw new Error(`out of range: ${value}`);
      sum += value;
      counts[random.below(10)]!++;
    }
    expect(sum / 20_000).toBeCloseTo(0.5, 2);
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it("permutation holds every index once and depends on the seed", () => {
    const order = permutation(100, randomStream(1, 0));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(permutation(100, randomStream(2, 0))).not.toEqual(order);
    expect(permutation(0, randomStream(1, 0))).toHaveLength(0);
  });
});
