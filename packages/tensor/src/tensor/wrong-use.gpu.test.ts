import { openTestDevice, testDevice } from "@ama-sam/testing";
import { expect, test } from "vitest";
import { backward, clearGraph, noGrad } from "../autograd/tape";
import { withFlags } from "../debug/flags";
import type { Device } from "../device/device";
import { DeviceError, DTypeError, KernelError, LifetimeError, ShapeError } from "../errors";
import { add, exp, linear, matmul, mul, relu, reshape } from "../ops/index";
import { empty, scope, tensor, zeros } from "./tensor";

type Kind = { isInstance(value: unknown): boolean };
interface Case {
  name: string;
  kind: Kind;
  /** Start of the message: the function that complains. */
  op: string;
  /** Facts that must be named. */
  says: RegExp;
  run: (device: Device, other: Device) => unknown;
}

const vector = (device: Device, n = 3) => zeros(device, [n]);
const trainable = (device: Device, n = 3) => zeros(device, [n], { requiresGrad: true });

const cases: Case[] = [
  {
    name: "shapes that do not broadcast",
    kind: ShapeError,
    op: "add",
    says: /Got a \[3\], b \[4\]\. Expected/,
    run: (d) => add(vector(d), vector(d, 4)),
  },
  {
    name: "inner dimensions",
    kind: ShapeError,
    op: "matmul",
    says: /Got .*\[2, 3\].*\[4, 5\].*Expected/,
    run: (d) => matmul(zeros(d, [2, 3]), zeros(d, [4, 5])),
  },
  {
    name: "a bias of another length",
    kind: ShapeError,
    op: "linear",
    says: /bias .*Got \[3\]\. Expected \[5\]/,
    run: (d) => linear(zeros(d, [2, 4]), zeros(d, [5, 4]), vector(d)),
  },
  {
    name: "a reshape to another count",
    kind: ShapeError,
    op: "reshape",
    says: /Got \[3\] to \[2, 2\]\. Expected 3 elements/,
    run: (d) => reshape(vector(d), [2, 2]),
  },
  {
    name: "integers where floats belong",
    kind: DTypeError,
    op: "relu",
    says: /x has a wrong type\. Got i32\. Expected f32/,
    run: (d) => relu(zeros(d, [3], { dtype: "i32" })),
  },
  {
    name: "integers that want a gradient",
    kind: DTypeError,
    op: "zeros",
    says: /Got requiresGrad with u32\. Expected f32/,
    run: (d) => zeros(d, [3], { dtype: "u32", requiresGrad: true }),
  },
  {
    name: "a missing input",
    kind: DTypeError,
    op: "mul",
    says: /b is missing\. Got undefined\. Expected a tensor/,
    run: (d) => mul(vector(d), undefined as unknown as number),
  },
  {
    name: "a freed tensor",
    kind: LifetimeError,
    op: "add",
    says: /b was freed by dispose\(\)\. Got weights \[3\]\. .*keep\(\)/,
    run: (d) => {
      const gone = tensor(d, [1, 2, 3], [3], { name: "weights" });
      gone.dispose();
      return add(vector(d), gone);
    },
  },
  {
    name: "reading a freed tensor",
    kind: LifetimeError,
    op: "data",
    says: /freed by scope "step"/,
    run: (d) => {
      let leaked = vector(d);
      scope(d, "step", () => {
        leaked = vector(d);
      });
      return leaked.data();
    },
  },
  {
    name: "a tensor of another device",
    kind: LifetimeError,
    op: "add",
    says: /b lives on another device\. Got .*\. Expected .*, as a/,
    run: (d, other) => add(vector(d), vector(other)),
  },
  {
    name: "a second backward",
    kind: LifetimeError,
    op: "backward",
    says: /consumed by an earlier backward/,
    run: (d) => {
      const y = mul(trainable(d, 1), 2);
      backward(y);
      backward(y);
    },
  },
  {
    name: "backward of something that is no scalar",
    kind: ShapeError,
    op: "backward",
    says: /Got \[3\]\. Expected one element, or \{ gradient \}/,
    run: (d) => backward(mul(trainable(d), 2)),
  },
  {
    name: "backward of what needs no gradient",
    kind: LifetimeError,
    op: "backward",
    says: /nothing trainable\. Got Tensor\(\[1\] f32\)\. Expected/,
    run: (d) => backward(noGrad(d, () => mul(trainable(d, 1), 2))),
  },
  {
    name: "a gradient of another shape",
    kind: ShapeError,
    op: "backward",
    says: /gradient has a wrong shape\. Got \[4\]\. Expected \[3\]/,
    run: (d) => backward(mul(trainable(d), 2), { gradient: vector(d, 4) }),
  },
  {
    name: "a gradient of integers",
    kind: DTypeError,
    op: "backward",
    says: /gradient has a wrong type\. Got i32\. Expected f32/,
    run: (d) => backward(mul(trainable(d), 2), { gradient: zeros(d, [3], { dtype: "i32" }) }),
  },
  {
    name: "a gradient on another device",
    kind: LifetimeError,
    op: "backward",
    says: /gradient lives on another device/,
    run: (d, other) => backward(mul(trainable(d), 2), { gradient: vector(other) }),
  },
  {
    name: "NaN under TENSOR_NAN",
    kind: KernelError,
    op: "exp",
    says: /Got y \[2\] with 1 of 2 values not finite.*Expected finite.*x \[2\] in \[1\.000, 100\.0\].*wrong-use/s,
    run: (d) => withFlags({ nan: true }, () => exp(tensor(d, [100, 1])).data()),
  },
  {
    name: "write with a wrong count",
    kind: ShapeError,
    op: "write",
    says: /Got 2\. Expected 3 for \[3\]/,
    run: (d) => vector(d).write([1, 2]),
  },
  {
    name: "values and shape that differ",
    kind: ShapeError,
    op: "tensor",
    says: /Got 2 values for \[3\]\. Expected 3/,
    run: (d) => tensor(d, [1, 2], [3]),
  },
  {
    name: "a negative size",
    kind: ShapeError,
    op: "zeros",
    says: /Got \[2, -1\]\. Expected whole numbers/,
    run: (d) => zeros(d, [2, -1]),
  },
  {
    name: "a size that is no whole number",
    kind: ShapeError,
    op: "empty",
    says: /Got \[2\.5\]\. Expected whole numbers/,
    run: (d) => empty(d, [2.5]),
  },
  {
    name: "item of several elements",
    kind: ShapeError,
    op: "item",
    says: /Got \[3\]\. Expected a scalar/,
    run: (d) => vector(d).item(),
  },
  {
    name: "a tensor beyond the adapter's limit",
    kind: DeviceError,
    op: "zeros",
    says: /atlas \[\d+\] does not fit.*Got \d+ bytes\. Expected at most \d+ bytes \(maxStorageBufferBindingSize/,
    run: (d) => zeros(d, [Math.floor(d.limits.maxStorageBufferBindingSize / 4) + 1], { name: "atlas" }),
  },
  {
    name: "an op whose output is beyond the limit: by name, before it runs",
    kind: DeviceError,
    op: "mul",
    says: /its output \[\d+, \d+\] does not fit.*Got \d+ bytes\. Expected at most/,
    run: (d) => {
      const side = Math.ceil(Math.sqrt(d.limits.maxStorageBufferBindingSize / 4)) + 1;
      return mul(zeros(d, [side, 1]), zeros(d, [1, side]));
    },
  },
];

let second: Promise<Device> | null = null;
const other = () => {
  second ??= openTestDevice();
  return second;
};

for (const { name, kind, op, says, run } of cases) {
  test(`${op}: ${name}`, async () => {
    const device = await testDevice();
    const elsewhere = await other();
    const before = device.memory().liveBuffers;
    const dispatches = device.queue.counts.dispatches;
    let error: unknown = null;
    await scope(device, "wrong use", () =>
      scope(elsewhere, "wrong use", async () => {
        try {
          await run(device, elsewhere);
        } catch (thrown) {
          error = thrown;
        }
        clearGraph(device);
      }),
    );
    expect(error, "it must throw").not.toBeNull();
    expect(kind.isInstance(error), String(error)).toBe(true);
    const { message } = error as Error;
    expect(message.startsWith(`[${op}] `), message).toBe(true);
    expect(message).toMatch(says);
    if (name.includes("before it runs")) expect(device.queue.counts.dispatches).toBe(dispatches);
    // The device stays usable and holds nothing of the failed call.
    expect(device.memory().liveBuffers).toBe(before);
    await device.sync();
  });
}

test("the second device closes", async () => {
  await (await other()).dispose();
});
