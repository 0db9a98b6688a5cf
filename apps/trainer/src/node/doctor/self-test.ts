import { backward, type Device, noGrad, scope, type Tensor, tensor, withFlags } from "@ama-sam/tensor";
import { CASES, type Case } from "./cases";
import { guarded, type SelfTest, testValues } from "./check";
import { modelTest } from "./model-test";

/** What `TENSOR_VALIDATE` allows in f32, relative to the largest value. */
const FORWARD = 1e-4;
/** Differences of f32 results are good to about 1e-5 of the terms that they add up. */
const GRADIENT = 5e-4;
const STEP = 1 / 64;

/**
 * Checks every op of the core and a whole small model on this device: results against the float64 reference in the op's definition,
 * gradients against differences of those results.
 */
export async function selfTest(device: Device): Promise<SelfTest[]> {
  return [...(await opTests(device, CASES)), ...(await modelTest(device))];
}

/** The checks of some cases alone. */
export async function opTests(device: Device, cases: readonly Case[]): Promise<SelfTest[]> {
  const results: SelfTest[] = [];
  for (const one of cases) {
    const name = one.note ? `${one.op}, ${one.note}` : one.op;
    results.push(await guarded(name, FORWARD, () => forwardError(device, one)));
    if (one.gradient !== false)
      results.push(await guarded(`gradient of ${name}`, GRADIENT, () => gradientError(device, one)));
  }
  return results;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Values of every input; the seed depends on the op alone. */
function valuesOf({ op, inputs }: Case): Float64Array[] {
  return inputs.map(({ shape, map = (x) => x }, i) =>
    Float64Array.from(testValues(sizeOf(shape), i + 1 + 7 * op.length), (x, k) => Math.fround(map(x, k))),
  );
}

const upload = (device: Device, { inputs }: Case, values: readonly Float64Array[], requiresGrad = false): Tensor[] =>
  inputs.map(({ shape, dtype = "f32", grad = true }, i) =>
    tensor(device, values[i]!, shape, { dtype, requiresGrad: requiresGrad && grad && dtype === "f32" }),
  );

async function forwardError(device: Device, one: Case): Promise<number | null> {
  const values = valuesOf(one);
  const { expected } = one;
  return withFlags({ validate: expected === undefined }, () =>
    scope(device, "self-test", async () => {
      const got = await one.run(...upload(device, one, values)).data();
      if (!expected) return null;
      return relativeError(got, expected(...values));
    }),
  );
}

/** The derivative of a random projection of the result along one random direction of each input; the worst of them. */
async function gradientError(device: Device, one: Case): Promise<number> {
  const values = valuesOf(one);
  let cotangent: Float32Array = new Float32Array();
  const gradients = await scope(device, "self-test", async () => {
    const inputs = upload(device, one, values, true);
    const y = one.run(...inputs);
    cotangent = testValues(y.size, 99);
    backward(y, { gradient: tensor(device, cotangent, y.shape) });
    const out: (ArrayLike<number> | null)[] = [];
    for (const input of inputs) {
      if (input.requiresGrad && !input.grad) throw new Error("an input got no gradient");
      out.push(input.grad ? await input.grad.data() : null);
      input.grad?.dispose("self-test");
    }
    return out;
  });
  const project = async (moved: readonly Float64Array[]): Promise<number> => {
    const y = await noGrad(device, () =>
      scope(device, "self-test", () => one.run(...upload(device, one, moved)).data()),
    );
    return cotangent.reduce((total, c, i) => total + c * y[i]!, 0);
  };
  let worst = 0;
  for (const [i, gradient] of gradients.entries()) {
    if (!gradient) continue;
    const direction = testValues(gradient.length, 50 + i);
    const at = (steps: number) =>
      project(values.map((v, k) => (k === i ? v.map((x, j) => Math.fround(x + steps * STEP * direction[j]!)) : v)));
    const slope = (8 * ((await at(1)) - (await at(-1))) - ((await at(2)) - (await at(-2)))) / (12 * STEP);
    let [found, terms] = [0, 1e-3];
    for (let j = 0; j < gradient.length; j++) {
      found += gradient[j]! * direction[j]!;
      terms += Math.abs(gradient[j]! * direction[j]!);
    }
    worst = Math.max(worst, Math.abs(found - slope) / terms);
  }
  return worst;
}

function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (got.length !== expected.length) throw new Error(`${got.length} values. Expected ${expected.length}`);
  let [error, scale] = [0, 1e-6];
  for (let i = 0; i < expected.length; i++) {
    error = Math.max(error, Math.abs(got[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return Number.isFinite(error) ? error / scale : Number.POSITIVE_INFINITY;
}
