import { ShapeError } from "../../errors";
import { defineOp } from "../../op/define-op";
import { type Shape, sameShape, show, sizeOf } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { matmulRef } from "./matmul.ref";
import { product } from "./product";

/** Options of {@link matmul}. */
export interface MatmulOptions {
  /** Use `a` with its last two dimensions swapped. */
  transposeA?: boolean;
  transposeB?: boolean;
}

interface Sizes {
  lead: Shape;
  batch: number;
  m: number;
  n: number;
  k: number;
  sharedB: boolean;
}

function sizes(a: Shape, b: Shape, { transposeA, transposeB }: MatmulOptions): Sizes {
  if (a.length < 2 || b.length < 2)
    throw new ShapeError(
      "matmul",
      `a and b need two dimensions. Got a ${show(a)}, b ${show(b)}. Expected [..., M, K] and [..., K, N].`,
    );
  const [am, ak] = transposeA ? [a[a.length - 1], a[a.length - 2]] : [a[a.length - 2], a[a.length - 1]];
  const [bk, bn] = transposeB ? [b[b.length - 1], b[b.length - 2]] : [b[b.length - 2], b[b.length - 1]];
  const lead = a.slice(0, -2);
  const hint = bn === ak ? ` Did you mean { transposeB: ${!transposeB} }?` : "";
  if (ak !== bk)
    throw new ShapeError(
      "matmul",
      `inner dimensions differ. Got a ${show(a)}, b ${show(b)}. Expected a's inner size ${ak} = b's ${bk}.${hint}`,
    );
  const sharedB = b.length === 2;
  if (!sharedB && !sameShape(lead, b.slice(0, -2))) {
    throw new ShapeError(
      "matmul",
      `batches differ. Got a ${show(a)}, b ${show(b)}. Expected equal leading sizes, or b with two dimensions.`,
    );
  }
  return { lead, batch: sizeOf(lead), m: am, n: bn, k: ak, sharedB };
}

export const matmulOp = /* @__PURE__ */ defineOp({
  name: "matmul",
  inputs: ["a", "b"],
  shape: ({ a, b }, attrs: MatmulOptions) => {
    const { lead, m, n } = sizes(a, b, attrs);
    return [...lead, m, n];
  },
  forward: ({ a, b }, attrs, y) => {
    product({ a, b, y, ...sizes(a.shape, b.shape, attrs), ...attrs });
    return undefined;
  },
  saves: (needs) => [...(needs.a ? ["b"] : []), ...(needs.b ? ["a"] : [])],
  vjp: ({ a, b }, dy, { attrs, needs, shapes }) => {
    const { batch, m, n, k, sharedB } = sizes(shapes.a, shapes.b, attrs);
    const { transposeA = false, transposeB = false } = attrs;
    const da = needs.a ? empty(dy.device, shapes.a) : null;
    const db = needs.b ? empty(dy.device, shapes.b) : null;
    if (da) {
      if (transposeA)
        product({
          a: b,
          b: dy,
          y: da,
          batch,
          m: k,
          n: m,
          k: n,
          transposeA: transposeB,
          transposeB: true,
          sharedA: sharedB,
        });
      else product({ a: dy, b, y: da, batch, m, n: k, k: n, transposeB: !transposeB, sharedB });
    }
    if (db) {
      // A shared b sums over the batch: one product whose inner dimension runs through all matrices.
      if (sharedB && !transposeA) {
        const rows = batch * m;
        if (transposeB) product({ a: dy, b: a, y: db, batch: 1, m: n, n: k, k: rows, transposeA: true });
        else product({ a, b: dy, y: db, batch: 1, m: k, n, k: rows, transposeA: true });
      } else if (sharedB)
        throw new ShapeError(
          "matmul",
          "the gradient of a b shared by the batch needs transposeA = false. Permute a first.",
        );
      else if (transposeB)
        product({ a: dy, b: a, y: db, batch, m: n, n: k, k: m, transposeA: true, transposeB: transposeA });
      else product({ a, b: dy, y: db, batch, m: k, n, k: m, transposeA: !transposeA });
    }
    return { a: da, b: db };
  },
  reference: matmulRef,
});

/**
 * Product of matrices, batched over equal leading sizes; a `b` of rank 2 serves the whole batch.
 *
 * a [..., M, K], b [..., K, N] or [K, N] -> [..., M, N]; with `transposeA` a is [..., K, M], with `transposeB` b is [..., N, K].
 * PyTorch's `matmul`. Throws ShapeError when inner or leading sizes differ.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  return matmulOp.apply({ a, b }, options);
}
