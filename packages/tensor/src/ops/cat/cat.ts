import { gradState, record } from "../../autograd/tape";
import { DTypeError, LifetimeError, ShapeError } from "../../errors";
import { defineKernel } from "../../kernel/define-kernel";
import { elementGrid } from "../../kernel/lib/grid";
import { axisOf, type Shape, show, sizeOf } from "../../tensor/shape";
import { empty, type Tensor } from "../../tensor/tensor";
import { stridedCopy } from "../permute/strided-copy";
import { reshape } from "../reshape/reshape";
import catWgsl from "./cat.wgsl";

export const catKernel = /* @__PURE__ */ defineKernel({
  name: "cat",
  source: [catWgsl],
  params: { WG: [64], Elem: ["u32", "vec4u"] },
  uniforms: { count: "u32", per: "u32", width: "u32", pitch: "u32", offset: "u32" },
});

function outShape(xs: readonly Tensor[], at: number): number[] {
  const [first] = xs;
  let total = 0;
  for (const [i, x] of xs.entries()) {
    x.assertAlive("cat", `xs[${i}]`);
    if (x.device !== first.device)
      throw new LifetimeError(
        "cat",
        `xs[${i}] lives on another device. Got ${x.device.info.name}. Expected ${first.device.info.name}, as xs[0].`,
      );
    if (x.dtype !== first.dtype || x.dtype === "f16")
      throw new DTypeError(
        "cat",
        `xs[${i}] has a wrong type. Got ${x.dtype}. Expected f32, i32 or u32, all alike (xs[0] is ${first.dtype}).`,
      );
    if (x.shape.length !== first.shape.length || x.shape.some((d, k) => k !== at && d !== first.shape[k]))
      throw new ShapeError(
        "cat",
        `xs[${i}] does not fit. Got ${show(x.shape)} beside xs[0] ${show(first.shape)}. Expected equal sizes but along dimension ${at}.`,
      );
    total += x.shape[at];
  }
  return first.shape.map((d, k) => (k === at ? total : d));
}

function place(x: Tensor, y: Tensor, outer: number, pitch: number, offset: number): void {
  if (x.size === 0) return;
  const width = x.size / outer;
  const vec = [width, pitch, offset].every((v) => v % 4 === 0);
  const by = vec ? 4 : 1;
  const count = x.size / by;
  const { per, groups } = elementGrid(x.device, count);
  const uniforms = { count, per, width: width / by, pitch: pitch / by, offset: offset / by };
  catKernel.run(x.device, { x, y }, uniforms, groups, { Elem: vec ? "vec4u" : "u32" });
}

function take(dy: Tensor, shape: Shape, outer: number, pitch: number, offset: number): Tensor {
  const dx = empty(dy.device, shape);
  stridedCopy("cat", dy, dx, [outer, dx.size / Math.max(1, outer)], [pitch, 1], offset);
  return dx;
}

/**
 * Tensors joined along one existing dimension (PyTorch's `cat`); one launch each. f32, i32 or u32.
 * @throws ShapeError without tensors, or when sizes differ elsewhere; DTypeError when types differ.
 */
export function cat(xs: readonly Tensor[], dim: number): Tensor {
  const [first] = xs;
  if (!first) throw new ShapeError("cat", "no tensors. Got []. Expected at least one.");
  const at = axisOf("cat", dim, first.shape.length);
  const shape = outShape(xs, at);
  const y = empty(first.device, shape, { dtype: first.dtype });
  const outer = sizeOf(shape.slice(0, at));
  const inner = sizeOf(shape.slice(at + 1));
  const pitch = shape[at] * inner;
  let offset = 0;
  const offsets = xs.map((x) => {
    const here = offset;
    place(x, y, outer, pitch, here);
    offset += x.shape[at] * inner;
    return here;
  });
  if (xs.some((x) => x.requiresGrad)) {
    const state = gradState(first.device);
    state.met = true;
    if (state.enabled) {
      const shapes = xs.map((x) => (x.requiresGrad ? x.shape : null));
      record("cat", xs, y, [], (dy) => shapes.map((s, i) => (s ? take(dy, s, outer, pitch, offsets[i]) : null)));
    }
  }
  return y;
}

/**
 * Tensors of one shape joined along a new dimension (PyTorch's `stack`).
 * @throws ShapeError without tensors, or when their shapes differ.
 */
export function stack(xs: readonly Tensor[], dim: number): Tensor {
  const [first] = xs;
  if (!first) throw new ShapeError("stack", "no tensors. Got []. Expected at least one.");
  const at = axisOf("stack", dim, first.shape.length + 1);
  for (const [i, x] of xs.entries()) {
    if (show(x.shape) !== show(first.shape))
      throw new ShapeError(
        "stack",
        `xs[${i}] has another shape. Got ${show(x.shape)}. Expected ${show(first.shape)}, as xs[0].`,
      );
  }
  return cat(
    xs.map((x) => reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])),
    at,
  );
}
