import { Adam, Build, stateShapes } from "@ama-sam/nn";
import { backward, scope, tensor } from "@ama-sam/tensor";
import { expectNoLeak, Random, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { Discriminator } from "./discriminator";
import { domainLoss } from "./domain-loss/domain-loss";
import { CgrlError } from "./errors";
import { cgrl } from "./reverse/reverse";

test("names and shapes", () => {
  const shapes = stateShapes((b) => new Discriminator(b, 256));
  expect([...shapes].map(([name, shape]) => `${name} ${shape.join("x")}`)).toEqual([
    "fc1.weight 256x256",
    "fc1.bias 256",
    "fc2.weight 1x256",
    "fc2.bias 1",
  ]);
});

test("learns two domains behind a CGRL, from both of them", async () => {
  const device = await testDevice();
  const net = new Discriminator(new Build(device, { seed: 2 }), 4, 16);
  const adam = new Adam(net.trainable(), { lr: 0.02 });
  const random = new Random(4);
  let [first, last] = [Number.NaN, Number.NaN];
  for (let k = 0; k < 40; k++) {
    last = await expectNoLeak(device, async () => {
      const x = random.normals(8 * 4 * 9, 0.3).map((v, i) => v + (i < 4 * 36 ? 0.5 : -0.5));
      const flags = tensor(device, [1, 1, 1, 1, 0, 0, 0, 0], [8], { dtype: "i32" });
      const logit = net.forward(cgrl(tensor(device, x, [8, 4, 3, 3]), flags));
      const loss = domainLoss(logit, flags, { primary: 1, auxiliary: 1 });
      const value = await loss.item();
      backward(loss);
      adam.step();
      adam.zeroGrad();
      return value;
    });
    if (k === 0) first = last;
  }
  expect(first).toBeGreaterThan(0.5);
  expect(last).toBeLessThan(0.1);
  adam.dispose();
  net.dispose();
});

test("features of another rank are a CgrlError", async () => {
  const device = await testDevice();
  const net = new Discriminator(new Build(device), 4, 8);
  scope(device, "test", () => {
    expect(() => net.forward(tensor(device, [1, 2, 3, 4], [1, 4]))).toThrow(CgrlError);
  });
  net.dispose();
});
