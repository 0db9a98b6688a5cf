import { expectNoLeak, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { LifetimeError } from "../errors";
import { add, relu, reshape } from "../ops/index";
import { scope, type Tensor, tensor } from "./tensor";

test("overlapping asynchronous scopes are a LifetimeError, and the device goes on", async () => {
  const device = await testDevice();
  await expectNoLeak(device, async () => {
    let endFirst = () => {};
    let endSecond = () => {};
    const first = scope(device, "first", () => {
      tensor(device, [1]);
      return new Promise<void>((resolve) => {
        endFirst = resolve;
      });
    });
    const second = scope(device, "second", () => {
      tensor(device, [2]);
      return new Promise<void>((resolve) => {
        endSecond = resolve;
      });
    });
    const failed = first.then(
      () => null,
      (error: unknown) => error,
    );
    endFirst();
    const error = await failed;
    expect(LifetimeError.isInstance(error)).toBe(true);
    expect(String(error)).toMatch(/\[scope\] scopes overlap\. Got the end of "first" while "second".* Expected/);
    endSecond();
    await second;
    const y = scope(device, "third", () => relu(tensor(device, [-1, 4])));
    expect([...(await y.data())]).toEqual([0, 4]);
  });
});

test("what a scope returns lives on, in arrays and objects too; the rest is freed", async () => {
  const device = await testDevice();
  await expectNoLeak(device, async () => {
    let inner: Tensor | null = null;
    const kept = await scope(device, "work", async () => {
      inner = tensor(device, [1, 2]);
      const view = reshape(inner, [2, 1]);
      return { list: [add(inner, 1)], view };
    });
    expect(() => relu(inner as unknown as Tensor)).toThrow(/\[relu\] x was freed by scope "work"\. Got .*\[2\]/);
    expect([...(await kept.list[0].data())]).toEqual([2, 3]);
    expect([...(await kept.view.data())]).toEqual([1, 2]);
  });
});

test("an error inside nested scopes frees them all and passes through", async () => {
  const device = await testDevice();
  await expectNoLeak(device, async () => {
    const nested = () =>
      scope(device, "outer", () => {
        tensor(device, [1]);
        scope(device, "inner", () => {
          tensor(device, [2]);
          throw new Error("inside");
        });
      });
    expect(nested).toThrow("inside");
    await expect(scope(device, "outer", async () => nested())).rejects.toThrow("inside");
    expect(scope(device, "after", () => 7)).toBe(7);
  });
});

test("keep() takes a tensor out of its scope", async () => {
  const device = await testDevice();
  const kept = scope(device, "work", () => ({ t: tensor(device, [5]).keep() }));
  expect([...(await kept.t.data())]).toEqual([5]);
  kept.t.dispose();
  expect(() => kept.t.keep()).toThrow(/\[keep\] this was freed by dispose\(\)/);
});
