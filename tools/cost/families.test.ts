import { expect, test } from "vitest";
import { familyOf } from "./families";

test.each([
  ["matmul-subgroup", "products"],
  ["matmul-pack", "layout"],
  ["rel-pos-bias-subgroup", "attention"],
  ["layer-norm-2d", "layer norm"],
  ["gelu", "elementwise"],
])("%s is of the family %s", (kernel, family) => {
  expect(familyOf(kernel)).toBe(family);
});
