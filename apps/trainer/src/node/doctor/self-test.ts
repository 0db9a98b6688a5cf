import { backward, type Device, mul, scope, sum, type Tensor, tensor } from "@ama-sam/tensor";
import { CASES, type Case } from "./cases";

/** The outcome of one check. */
export interface SelfTest {
  name: string;
  ok: boolean;
  /** Largest absolute error over the largest absolute value. */
  error: number;
  tolerance: number;
  message?: string;
}

const FORWARD = 2e-5;
/** Gradients are compared with central differences of the float64 reference, which are good to about 1e-6. */
const GRADIENT = 2e-4;
const STEP = 1e-4;

/** Compares every op of the core, forward and backward, with plain float64 loops on this device. */
export async function selfTest(device: Device): Promise<SelfTest[]> {
  const results: SelfTest[] = [];
  for (const one of CASES) {
    results.push(await guarded(`${one.name}`, one.tolerance ?? FORWARD, () => forwardError(device, one)));
    if (one.gradient !== false)
      results.push(await guarded(`${one.name} gradient`, GRADIENT, () => gradientError(device, one)));
  }
  return results;
}

async function guarded(name: string, tolerance: number, check: () => Promise<number>): Promise<SelfTest> {
  try {
    const error = await check();
    return { name, ok: error <= tolerance, error, tolerance };
  } catch (cause) {
    return {
      name,
      ok: false,
      error: Number.POSITIVE_INFINITY,
      tolerance,
      message: cause instanceof Error ? cause.message : String(cause),
    };
  }
}

/** Values in (-1, 1) without pattern, the same on every machine. */
export function testValues(length: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 1) >>> 0;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return Math.fround((state / 2 ** 32) * 2 - 1);
  });
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

function inputsOf(one: Case): Float32Array[] {
  return one.shapes.map((shape, i) => {
    const values = testValues(sizeOf(shape), i + 1 + 7 * one.name.length);
    return one.prepare?.[i] ? values.map(one.prepare[i]!) : values;
  });
}

async function forwardError(device: Device, one: Case): Promise<number> {
  const values = inputsOf(one);
  const got = await scope(device, "self-test", () =>
    one.run(values.map((v, i) => tensor(device, v, one.shapes[i]!))).data(),
  );
  return relativeError(got as ArrayLike<number>, one.reference(values.map((v) => Float64Array.from(v))));
}

/** The derivative along one random direction of a random projection of the output. */
async function gradientError(device: Device, one: Case): Promise<number> {
  const values = inputsOf(one);
  const exact = values.map((v) => Float64Array.from(v));
  const cotangent = testValues(one.reference(exact).length, 99);
  const project = (y: Float64Array): number => y.reduce((total, v, i) => total + v * cotangent[i]!, 0);
  const grads = await scope(device, "self-test", async () => {
    const leaves = values.map((v, i) => tensor(device, v, one.shapes[i]!, { requiresGrad: true }));
    const y = one.run(leaves);
    backward(sum(mul(y, tensor(device, cotangent, [...y.shape]))));
    const out: (ArrayLike<number> | null)[] = [];
    for (const leaf of leaves) {
      out.push(leaf.grad ? ((await leaf.grad.data()) as ArrayLike<number>) : null);
      (leaf.grad as Tensor | null)?.dispose("self-test");
    }
    return out;
  });
  let worst = 0;
  for (const [i, grad] of grads.entries()) {
    if (!grad) return Number.POSITIVE_INFINITY;
    const direction = testValues(exact[i]!.length, 50 + i);
    const moved = (by: number) =>
      project(one.reference(exact.map((v, k) => (k === i ? v.map((x, j) => x + by * direction[j]!) : v))));
    const expected = (moved(STEP) - moved(-STEP)) / (2 * STEP);
    let found = 0;
    let scale = 1e-3;
    for (let j = 0; j < grad.length; j++) {
      found += grad[j]! * direction[j]!;
      scale += Math.abs(grad[j]! * direction[j]!);
    }
    worst = Math.max(worst, Math.abs(found - expected) / scale);
  }
  return worst;
}

function relativeError(got: ArrayLike<number>, expected: Float64Array): number {
  if (got.length !== expected.length) throw new Error(`${got.length} values. Expected ${expected.length}`);
  let [error, scale] = [0, 1e-6];
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(got[i]!)) return Number.POSITIVE_INFINITY;
    error = Math.max(error, Math.abs(got[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return error / scale;
}
