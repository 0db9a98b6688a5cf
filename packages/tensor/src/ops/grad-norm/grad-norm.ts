import { DTypeError, LifetimeError, ShapeError } from "../../errors";
import { defineKernel, spread } from "../../kernel/define-kernel";
import { show } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import clipScaleWgsl from "./clip-scale.wgsl";
import gradNormWgsl from "./grad-norm.wgsl";
import finishWgsl from "./grad-norm-finish.wgsl";

const CHUNK = 4096;
const AT_ONCE = 7;

export const gradNormKernel = /* @__PURE__ */ defineKernel({
  name: "grad-norm",
  source: [gradNormWgsl],
  uniforms: {
    n0: "u32",
    n1: "u32",
    n2: "u32",
    n3: "u32",
    n4: "u32",
    n5: "u32",
    n6: "u32",
    offset: "u32",
    total: "u32",
  },
});
export const gradNormFinishKernel = /* @__PURE__ */ defineKernel({
  name: "grad-norm-finish",
  source: [finishWgsl],
  uniforms: { count: "u32" },
});
export const clipScaleKernel = /* @__PURE__ */ defineKernel({
  name: "clip-scale",
  source: [clipScaleWgsl],
  uniforms: { most: "f32" },
});

/**
 * The L2 norm of all gradients together, as a scalar [] that stays on the device (PyTorch's `clip_grad_norm_` computes the
 * same). Seven tensors share a launch; two runs give the same bits. Not differentiable.
 * @throws ShapeError without tensors; DTypeError for another type than f32.
 * @example adamStep({ ...step, gradScale: clipScale(gradNorm(step.grads), 1) })
 */
export function gradNorm(grads: readonly Tensor[]): Tensor {
  const [first] = grads;
  if (!first) throw new ShapeError("gradNorm", "no tensors. Got []. Expected at least one.");
  const { device } = first;
  grads.forEach((g, i) => {
    g.assertAlive("gradNorm", `grads[${i}]`);
    if (g.device !== device)
      throw new LifetimeError(
        "gradNorm",
        `grads[${i}] lives on another device. Got ${g.device.info.name}. Expected ${device.info.name}, as grads[0].`,
      );
    if (g.dtype !== "f32")
      throw new DTypeError("gradNorm", `grads[${i}] has a wrong type. Got ${g.dtype}. Expected f32.`);
  });
  const chunksOf = (g: Tensor) => Math.ceil(g.size / CHUNK);
  const count = grads.reduce((sum, g) => sum + chunksOf(g), 0);
  const sums = empty(device, [count]);
  let offset = 0;
  for (let i = 0; i < grads.length; i += AT_ONCE) {
    const batch = grads.slice(i, i + AT_ONCE);
    const total = batch.reduce((sum, g) => sum + chunksOf(g), 0);
    const at = (k: number) => batch[k] ?? batch[0];
    const n = (k: number) => batch[k]?.size ?? 0;
    gradNormKernel.run(
      device,
      { x0: at(0), x1: at(1), x2: at(2), x3: at(3), x4: at(4), x5: at(5), x6: at(6), sums },
      { n0: n(0), n1: n(1), n2: n(2), n3: n(3), n4: n(4), n5: n(5), n6: n(6), offset, total },
      spread(total),
    );
    offset += total;
  }
  const y = empty(device, []);
  gradNormFinishKernel.run(device, { sums, y }, { count }, [1]);
  sums.dispose("gradNorm");
  return y;
}

/**
 * `min(1, most / (norm + 1e-6))` on the device: what `adamStep` takes as `gradScale` to clip gradients to a largest norm, without
 * a read-back (PyTorch's `clip_grad_norm_`).
 * @param norm one element, from {@link gradNorm}
 * @throws ShapeError when `norm` is not a scalar.
 */
export function clipScale(norm: Tensor, most: number): Tensor {
  norm.assertAlive("clipScale", "norm");
  if (norm.size !== 1 || norm.dtype !== "f32")
    throw new ShapeError(
      "clipScale",
      `norm is not a scalar. Got ${show(norm.shape)} ${norm.dtype}. Expected one f32 element.`,
    );
  const y = empty(norm.device, []);
  clipScaleKernel.run(norm.device, { norm, y }, { most }, [1]);
  return y;
}
