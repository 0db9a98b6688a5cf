import { defineKernel, defineOp, refArray, spread, type Tensor } from "@ama-sam/tensor";
import { DecoderError } from "../errors";
import wgsl from "./fourier-encoding.wgsl";

export const fourierEncodingKernel = /* @__PURE__ */ defineKernel({
  name: "fourier-encoding",
  source: [wgsl],
  uniforms: { count: "u32", features: "u32" },
});

export const fourierEncodingOp = /* @__PURE__ */ defineOp({
  name: "fourierEncoding",
  inputs: ["xy", "gaussian"],
  shape: ({ xy, gaussian }, _: object) => {
    if (xy.length !== 2 || xy[1] !== 2 || gaussian.length !== 2 || gaussian[0] !== 2) {
      throw new DecoderError(
        "fourierEncoding",
        `wrong shapes. Got xy [${xy.join(", ")}], gaussian [${gaussian.join(", ")}]. Expected [N, 2] and [2, F].`,
      );
    }
    return [xy[0], 2 * gaussian[1]];
  },
  forward: ({ xy, gaussian }, _, y) => {
    fourierEncodingKernel.run(
      y.device,
      { xy, g: gaussian, y },
      { count: xy.shape[0], features: gaussian.shape[1] },
      spread(Math.ceil(y.size / 64)),
    );
    return undefined;
  },
  reference: ({ xy, gaussian }) => {
    const [n, features] = [xy.shape[0], gaussian.shape[1]];
    const y = refArray([n, 2 * features]);
    for (let i = 0; i < n; i++) {
      for (let f = 0; f < features; f++) {
        const angle =
          2 *
          Math.PI *
          ((2 * xy.data[2 * i] - 1) * gaussian.data[f] + (2 * xy.data[2 * i + 1] - 1) * gaussian.data[features + f]);
        y.data[i * 2 * features + f] = Math.sin(angle);
        y.data[i * 2 * features + features + f] = Math.cos(angle);
      }
    }
    return y;
  },
});

/**
 * Random Fourier features of points (SAM's `PositionEmbeddingRandom`): sines, then cosines.
 *
 * xy [N, 2] in [0, 1], gaussian [2, F] -> [N, 2F]. Without gradient: both are constants in SAM.
 */
export function fourierEncoding(xy: Tensor, gaussian: Tensor): Tensor {
  return fourierEncodingOp.apply({ xy, gaussian }, {});
}
