import { dropScope, openScope } from "../tensor/lifetime";
import { scope, type Tensor } from "../tensor/tensor";
import { backward, gradState, noGrad, record, withGrad, withOwnTape, zeroGrad } from "./tape";

/**
 * Runs `fn` and keeps only its inputs: backward runs it again to get what it needs (PyTorch's `checkpoint`).
 *
 * Time for memory: one more forward pass of `fn` against everything that `fn` would have saved. Parameters that `fn` closes
 * over get their gradients too. `fn` must compute the same again.
 * @param inputs tensors that carry gradients into `fn`
 */
export function checkpoint<const T extends readonly [Tensor, ...Tensor[]]>(
  inputs: T,
  fn: (...inputs: T) => Tensor,
): Tensor {
  const { device } = inputs[0];
  const state = gradState(device);
  if (!state.enabled) return fn(...inputs);
  const met = state.met;
  state.met = false;
  let y: Tensor;
  let trainable = false;
  try {
    y = noGrad(device, () => scope(device, "checkpoint", () => fn(...inputs)));
  } finally {
    trainable = state.met;
    state.met = met || trainable;
  }
  // A tensor that was there before: fn hands an input or a parameter through, there is nothing to recompute.
  if (!trainable || y.requiresGrad || inputs.includes(y)) return y;
  const saved = inputs.map((x) => x.hold());
  const needs = inputs.map((x) => x.requiresGrad);
  record("checkpoint", inputs, y, saved, (dy) =>
    recompute(saved, needs, dy, fn as unknown as (...inputs: Tensor[]) => Tensor),
  );
  return y;
}

function recompute(
  saved: readonly Tensor[],
  needs: readonly boolean[],
  dy: Tensor,
  fn: (...inputs: Tensor[]) => Tensor,
): (Tensor | null)[] {
  const { device } = dy;
  const leaves = saved.map((x, i) => {
    const leaf = x.detach();
    leaf.requiresGrad = needs[i];
    return leaf;
  });
  try {
    device.activity.during("checkpoint", "activations", () =>
      withOwnTape(device, () =>
        withGrad(device, true, () => {
          const inner = openScope(device, "recompute");
          try {
            backward(fn(...leaves), { gradient: dy });
          } finally {
            dropScope(device, inner);
          }
        }),
      ),
    );
    return leaves.map((leaf) => leaf.grad?.detach() ?? null);
  } finally {
    zeroGrad(leaves);
  }
}
