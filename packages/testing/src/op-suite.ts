import {
  backward,
  type Device,
  type DType,
  fromHalf,
  type Op,
  type RefArray,
  refArray,
  sizeOf,
  type Tensor,
  tensor,
  toHalf,
} from "@ama-sam/tensor";
import { describe, expect, test } from "vitest";
import { testDevice } from "./device";
import { numericGradient, projectedError } from "./gradcheck";
import { expectNoLeak } from "./leak";
import { Random } from "./random";
import { TOLERANCE, worstError } from "./tolerance";

/** One input of a case: random normal values, or given ones. */
export interface InputSpec {
  shape: readonly number[];
  scale?: number;
  offset?: number;
  values?: ArrayLike<number>;
  dtype?: DType;
  /** Whether its gradient is checked; default: f32 inputs of an op with a vjp. */
  grad?: boolean;
}

/** One case of {@link opSuite}. */
export interface OpCase<Attrs> {
  name?: string;
  inputs: Record<string, InputSpec | null>;
  attrs?: Attrs;
  /** Relative; overrides the table. Say why where you use it. */
  tolerance?: number;
  gradientTolerance?: number;
}

/** What `defineOp` gives, whatever its inputs are called. */
export interface TestedOp<Attrs> {
  name: string;
  vjp?: unknown;
  reference?(inputs: never, attrs: Attrs): RefArray;
  apply(inputs: never, attrs: Attrs): Tensor;
}

interface Built {
  reference: Record<string, RefArray | null>;
  graded: string[];
  make(device: Device): Record<string, Tensor | null>;
}

/** Elementwise finite differences up to this many function values; random projections beyond. */
const ELEMENTWISE_WORK = 400_000;

function build(inputs: Record<string, InputSpec | null>, differentiable: boolean, seed: number): Built {
  const random = new Random(seed);
  const values: Record<string, Float64Array> = {};
  const reference: Record<string, RefArray | null> = {};
  const graded: string[] = [];
  for (const [name, spec] of Object.entries(inputs)) {
    if (!spec) {
      reference[name] = null;
      continue;
    }
    const { dtype = "f32", scale = 1, offset = 0 } = spec;
    const raw = Float64Array.from(spec.values ?? random.normals(sizeOf(spec.shape), scale, offset));
    values[name] = dtype === "f16" ? raw.map((v) => fromHalf(toHalf(v))) : dtype === "f32" ? raw.map(Math.fround) : raw;
    reference[name] = refArray(spec.shape, values[name]);
    if (differentiable && (spec.grad ?? dtype === "f32")) graded.push(name);
  }
  const make = (device: Device) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, spec]) => [
        name,
        spec
          ? tensor(device, values[name], spec.shape, { dtype: spec.dtype, requiresGrad: graded.includes(name) })
          : null,
      ]),
    );
  return { reference, graded, make };
}

/**
 * Tests an op on a device: shape rule and result against the float64 reference, the gradient of every f32 input against
 * finite differences of the reference, the same bits on a second run, and no leaked buffer.
 */
export function opSuite<Attrs>(op: TestedOp<Attrs>, cases: readonly OpCase<Attrs>[]): void {
  const any = op as unknown as Op<string, string, Attrs>;
  const { reference } = any;
  if (!reference) throw new Error(`[opSuite] ${any.name} has no reference`);
  describe(any.name, () => {
    cases.forEach((spec, index) => {
      const shapes = Object.entries(spec.inputs)
        .map(([k, v]) => `${k} ${v ? `[${v.shape.join(",")}]` : "null"}`)
        .join(" ");
      test(`${spec.name ?? ""} ${shapes} ${spec.attrs ? JSON.stringify(spec.attrs) : ""}`.trim(), async () => {
        const device = await testDevice();
        const attrs = spec.attrs ?? ({} as Attrs);
        const { reference: inputs, graded, make } = build(spec.inputs, any.vjp !== undefined, 1000 + index);
        const f = (x: Record<string, RefArray | null>) => reference(x as Record<string, RefArray>, attrs);
        const expected = f(inputs);
        const cotangent = new Random(77 + index).normals(expected.data.length);
        const runs: Float32Array[][] = [];
        for (let run = 0; run < 2; run++) {
          runs.push(
            await expectNoLeak(device, async () => {
              const tensors = make(device);
              const y = any.apply(tensors as Record<string, Tensor>, attrs);
              expect(y.shape).toEqual(expected.shape);
              const results = [await y.data()];
              if (graded.length > 0) {
                backward(y, { gradient: tensor(device, cotangent, y.shape) });
                for (const name of graded) {
                  const { grad } = tensors[name] as Tensor;
                  if (!grad) throw new Error(`no gradient of ${name}`);
                  expect(grad.shape).toEqual((tensors[name] as Tensor).shape);
                  results.push(await grad.data());
                  grad.dispose();
                }
              }
              return results;
            }),
          );
        }
        const [first, second] = runs;
        expect(worstError(first[0], expected.data), "forward against the float64 reference").toBeLessThanOrEqual(
          spec.tolerance ?? TOLERANCE.f32,
        );
        graded.forEach((name, k) => {
          const got = first[1 + k];
          const small = got.length * expected.data.length <= ELEMENTWISE_WORK && got.length <= 300;
          const error = small
            ? worstError(got, numericGradient(f, inputs, name, cotangent), 1e-2)
            : projectedError(f, inputs, name, cotangent, got, 5 + index);
          expect(error, `gradient of ${name} against finite differences`).toBeLessThanOrEqual(
            spec.gradientTolerance ?? TOLERANCE.gradient,
          );
        });
        first.forEach((values, k) => {
          expect(sameBits(values, second[k]), `result ${k} repeats bit for bit`).toBe(true);
        });
      });
    });
  });
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const [x, y] = [new Uint32Array(a.buffer, a.byteOffset, a.length), new Uint32Array(b.buffer, b.byteOffset, b.length)];
  return x.length === y.length && x.every((v, i) => v === y[i]);
}
