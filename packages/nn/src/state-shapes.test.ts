import { expect, test } from "vitest";
import { ModuleError } from "./errors";
import { Linear } from "./layers/linear";
import { MlpBlock } from "./layers/mlp";
import { type Build, Module } from "./module";
import { stateShapes } from "./state-shapes";

class Net extends Module {
  readonly blocks: MlpBlock[];

  constructor(build: Build) {
    super(build);
    this.parameter("scale", [3], { kind: "ones" });
    this.buffer("table", [2, 5], { kind: "zeros" });
    this.blocks = this.list("blocks", 2, (b) => new MlpBlock(b, 3, 1e9, "gelu"));
  }
}

test("names and shapes in the order of registration, at sizes that no memory holds", () => {
  expect([...stateShapes((b) => new Net(b))].map(([name, shape]) => `${name} ${shape.join("x")}`)).toEqual([
    "scale 3",
    "table 2x5",
    "blocks.0.lin1.weight 1000000000x3",
    "blocks.0.lin1.bias 1000000000",
    "blocks.0.lin2.weight 3x1000000000",
    "blocks.0.lin2.bias 3",
    "blocks.1.lin1.weight 1000000000x3",
    "blocks.1.lin1.bias 1000000000",
    "blocks.1.lin2.weight 3x1000000000",
    "blocks.1.lin2.bias 3",
  ]);
});

test("running such a module says what it is", () => {
  let error: unknown;
  stateShapes((b) => {
    const net = new Linear(b, 2, 2);
    try {
      net.forward(net.weight);
    } catch (e) {
      error = e;
    }
    return net;
  });
  expect(ModuleError.isInstance(error)).toBe(true);
  expect(String(error)).toContain("build the module on a device");
});
