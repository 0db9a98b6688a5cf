import { gradState, record } from "../../autograd/tape";
import { ShapeError } from "../../errors";
import { type Shape, show, sizeOf } from "../../tensor/shape";
import { Tensor } from "../../tensor/tensor";

/**
 * The same values under another shape; one size may be -1. A view: no bytes move (PyTorch's `reshape` on contiguous data).
 * @throws ShapeError when the sizes do not multiply to the same count.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  x.assertAlive("reshape", "x");
  const known = shape.filter((d) => d !== -1).reduce((p, d) => p * d, 1);
  const open = shape.filter((d) => d === -1).length;
  const full = shape.map((d) => (d === -1 ? x.size / known : d));
  if (open > 1 || sizeOf(full) !== x.size || full.some((d) => !Number.isInteger(d) || d < 0)) {
    throw new ShapeError(
      "reshape",
      `sizes do not match. Got ${show(x.shape)} to ${show(shape)}. Expected ${x.size} elements and at most one -1.`,
    );
  }
  const y = new Tensor(x.storage, full, x.dtype);
  const state = gradState(x.device);
  if (x.requiresGrad) {
    state.met = true;
    const from = x.shape;
    if (state.enabled) record("reshape", [x], y, [], (dy) => [new Tensor(dy.storage, from, dy.dtype)]);
  }
  return y;
}
