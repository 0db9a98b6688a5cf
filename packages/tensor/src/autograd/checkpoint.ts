import { closeScope, openScope } from "../tensor/lifetime";
import { scope, type Tensor } from "../tensor/tensor";
import { backward, gradState, noGrad, record, withGrad, withOwnTape } from "./tape";

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
  const y = noGrad(device, () => scope(device, "checkpoint", () => fn(...inputs)));
  const trainable = state.met;
  state.met = met || trainable;
  if (!trainable || inputs.includes(y)) return y;
  const saved = inputs.map((x) => x.hold());
  const needs = inputs.map((x) => x.requiresGrad);
  record("checkpoint", inputs, y, saved, (dy) => {
    const leaves = saved.map((x, i) => {
      const leaf = x.detach();
      leaf.requiresGrad = needs[i];
      return leaf;
    });
    withOwnTape(device, () =>
      withGrad(device, true, () => {
        const inner = openScope(device, "recompute");
        try {
          backward(fn(...(leaves as unknown as T)), { gradient: dy });
        } finally {
          closeScope(device, inner);
        }
      }),
    );
    return leaves.map((leaf) => {
      const { grad } = leaf;
      if (!grad) return null;
      const owned = grad.detach();
      grad.dispose("checkpoint");
      return owned;
    });
  });
  return y;
}
