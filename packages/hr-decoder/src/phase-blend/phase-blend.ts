import { defineKernel, defineOp, empty, refArray, type Shape, show, spread, type Tensor } from "@ama-sam/tensor";
import { HrDecoderError } from "../errors";
import blendWgsl from "./phase-blend.wgsl";
import gradWgsl from "./phase-blend-grad.wgsl";

const spec = { params: { SHUFFLE: [true, false] }, uniforms: { batch: "u32", r: "u32", h: "u32", w: "u32" } } as const;
export const phaseBlendKernel = /* @__PURE__ */ defineKernel({ ...spec, name: "phase-blend", source: [blendWgsl] });
export const phaseBlendGradKernel = /* @__PURE__ */ defineKernel({
  ...spec,
  name: "phase-blend-grad",
  source: [gradWgsl],
});

interface Attrs {
  /** Pixel Ensemble: [B, 1, r*h, r*w] instead of [B, r*r, h, w]. */
  shuffle: boolean;
}

/** The factor r of r*r slices. */
export function factorOf(slices: number): number {
  const r = Math.round(Math.sqrt(slices));
  if (r < 1 || r * r !== slices)
    throw new HrDecoderError(
      "phaseBlend",
      `the number of slices is not a square. Got ${slices}. Expected r * r, as 16 for a factor of 4.`,
    );
  return r;
}

function sizes(shape: Shape): { batch: number; r: number; h: number; w: number } {
  if (shape.length !== 4)
    throw new HrDecoderError("phaseBlend", `slices have a wrong rank. Got ${show(shape)}. Expected [B, r*r, h, w].`);
  const [batch, n, h, w] = shape;
  return { batch, r: factorOf(n), h, w };
}

export const phaseBlendOp = /* @__PURE__ */ defineOp({
  name: "phaseBlend",
  inputs: ["s"],
  shape: ({ s }, { shuffle }: Attrs) => {
    const { batch, r, h, w } = sizes(s);
    return shuffle ? [batch, 1, r * h, r * w] : s;
  },
  forward: ({ s }, { shuffle }, y) => {
    phaseBlendKernel.run(y.device, { s, y }, sizes(s.shape), spread(Math.ceil(y.size / 64)), { SHUFFLE: shuffle });
    return undefined;
  },
  vjp: (_, dy, { attrs, shapes }) => {
    const ds = empty(dy.device, shapes.s);
    phaseBlendGradKernel.run(dy.device, { dy, ds }, sizes(shapes.s), spread(Math.ceil(ds.size / 64)), {
      SHUFFLE: attrs.shuffle,
    });
    return { s: ds };
  },
  reference: ({ s }, { shuffle }) => {
    const { batch, r, h, w } = sizes(s.shape);
    const y = refArray(shuffle ? [batch, 1, r * h, r * w] : s.shape);
    for (let b = 0; b < batch; b++) {
      for (let i = 0; i < r * r; i++) {
        const [dy, dx] = [Math.floor(i / r), i % r];
        const at = (v: number, u: number) => s.data[((b * r * r + i) * h + v) * w + u];
        for (let v = 0; v < h; v++) {
          for (let u = 0; u < w; u++) {
            const [sy, sx] = [Math.max(v + (dy + 0.5) / r - 0.5, 0), Math.max(u + (dx + 0.5) / r - 0.5, 0)];
            const [y0, x0] = [Math.floor(sy), Math.floor(sx)];
            const [y1, x1] = [Math.min(y0 + 1, h - 1), Math.min(x0 + 1, w - 1)];
            const [fy, fx] = [sy - y0, sx - x0];
            const value =
              (1 - fy) * ((1 - fx) * at(y0, x0) + fx * at(y0, x1)) + fy * ((1 - fx) * at(y1, x0) + fx * at(y1, x1));
            y.data[shuffle ? (b * r * h + v * r + dy) * r * w + u * r + dx : ((b * r * r + i) * h + v) * w + u] = value;
          }
        }
      }
    }
    return y;
  },
});

/**
 * Gives every slice its bilinear phase: what upsampling by r, taking the slice's pixels (Feature Unensemble) and, with `shuffle`,
 * putting them back in place (Pixel Ensemble) do, without the upsampled map.
 *
 * s [B, r*r, h, w] -> [B, 1, r*h, r*w], or [B, r*r, h, w] without `shuffle`.
 */
export function phaseBlend(s: Tensor, { shuffle = true }: { shuffle?: boolean } = {}): Tensor {
  return phaseBlendOp.apply({ s }, { shuffle });
}
