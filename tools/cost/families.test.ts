import { expect, test } from "vitest";
import { familyOf, flopsOf } from "./families";

test("a product counts its whole batch", () => {
  const uniforms = { m: 100, n: 30, k: 20, tilesM: 2, tiles: 10 };
  expect(flopsOf("matmul-direct", uniforms)).toBe(2 * 100 * 30 * 20 * 5);
  expect(flopsOf("matmul-pack", {})).toBe(0);
});

test("attention counts two products forward, and seven backward with the scores made again", () => {
  const uniforms = { count: 12, nq: 196, nk: 196, dim: 64 };
  const one = 2 * 12 * 196 * 196 * 64;
  expect(flopsOf("attention-plain", uniforms)).toBe(2 * one);
  expect(flopsOf("attention-grad-q-plain", uniforms) + flopsOf("attention-grad-kv-plain", uniforms)).toBe(7 * one);
});

test("a head's width may be given in vec4", () => {
  expect(flopsOf("attention-tile", { count: 1, nq: 2, nk: 3, dv: 16 })).toBe(4 * 2 * 3 * 64);
  expect(flopsOf("attention-grad-q-tile", { count: 1, nq: 2, nk: 3, hv: 8 })).toBe(6 * 2 * 3 * 64);
});

test("a formula that a kernel outgrew says so", () => {
  expect(() => flopsOf("attention-new", {})).toThrow("no formula for attention-new");
  expect(() => flopsOf("attention-plain", { count: 1 })).toThrow("has no nq");
});

test.each([
  ["matmul-subgroup", "products"],
  ["matmul-pack", "layout"],
  ["rel-pos-bias-subgroup", "attention"],
  ["layer-norm-2d", "layer norm"],
  ["gelu", "elementwise"],
])("%s is of the family %s", (kernel, family) => {
  expect(familyOf(kernel)).toBe(family);
});
