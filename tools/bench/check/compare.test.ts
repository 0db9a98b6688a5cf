import { expect, test } from "vitest";
import { adapterFamily, compareShares, shareOf } from "./compare";

test("a kernel below 85 % of its recorded share is slow", () => {
  const { slow } = compareShares({ a: 0.4, b: 0.4, c: 0.4 }, { a: 0.34, b: 0.339, c: 0.5 });
  expect(slow).toEqual([{ name: "b", recorded: 0.4, measured: 0.339 }]);
});

test("kernels that were never recorded, or not measured, are named", () => {
  const { slow, fresh, missing } = compareShares({ a: 0.4, gone: 0.4 }, { a: 0.4, added: 0.1 });
  expect({ slow, fresh, missing }).toEqual({ slow: [], fresh: ["added"], missing: ["gone"] });
});

test("a share is the middle of the rounds, so that one disturbed round does not count", () => {
  const rounds = [
    { bench: 20, probe: 50 },
    { bench: 3, probe: 60 },
    { bench: 10, probe: 25 },
  ];
  expect(shareOf(rounds)).toBeCloseTo(0.4, 12);
});

test.each([
  [{ name: "lavapipe Mesa 25.0.7", architecture: "" }, "lavapipe"],
  [{ name: "SwiftShader 5.0.0", architecture: "swiftshader" }, "swiftshader"],
  [{ name: "NVIDIA H100 80GB HBM3", architecture: "hopper" }, "nvidia-h100-80gb-hbm3-hopper"],
])("adapter %j has the family %s", (info, family) => {
  expect(adapterFamily(info)).toBe(family);
});
