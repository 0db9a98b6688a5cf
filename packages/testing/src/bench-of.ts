import { type Device, type Shape, sizeOf, type Tensor, tensor } from "@ama-sam/tensor";
import type { Bench } from "./bench";
import { Random } from "./random";

/** Shapes and cost of a bench that calls one op on random inputs. */
export interface BenchShape {
  name: string;
  /** Shapes of the inputs, in the order in which `run` takes them. */
  inputs: readonly Shape[];
  flops?: number;
  /** Bytes read and written at least; default: all inputs once, and `outputs` values. */
  outputs?: number;
  large?: boolean;
}

/** A bench of one op: random normal inputs, uploaded once; `run` starts one run, its results are freed. */
export function benchOf(shape: BenchShape, run: (...inputs: Tensor[]) => Tensor | readonly Tensor[]): Bench {
  const values = shape.inputs.reduce((n, s) => n + sizeOf(s), 0) + (shape.outputs ?? 0);
  return {
    name: shape.name,
    flops: shape.flops ?? 0,
    bytes: 4 * values,
    large: shape.large,
    setup: (device: Device) => {
      const random = new Random(1);
      const inputs = shape.inputs.map((s) => tensor(device, random.normals(sizeOf(s)), s));
      return {
        run: () => {
          const y = run(...inputs);
          for (const t of Array.isArray(y) ? y : [y as Tensor]) t.dispose();
        },
        dispose: () => {
          for (const t of inputs) t.dispose();
        },
      };
    },
  };
}
