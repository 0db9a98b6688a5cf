import { drawContours } from "@ama-sam/instances";
import type { EvaluatedImage } from "ama-sam";
import type { TrainPreview } from "./protocol";

/** Longest side of a preview in pixels. */
const SIDE = 320;

/** A validated image with the truth in white and what the model found in magenta. */
export function previewOf({ id, row, sample, prediction }: EvaluatedImage, epoch: number): TrainPreview {
  const { width: W, height: H, data } = sample.image;
  const step = Math.max(1, Math.ceil(Math.max(W, H) / SIDE));
  const [width, height] = [Math.floor(W / step), Math.floor(H / step)];
  const rgba = new Uint8ClampedArray(4 * width * height);
  const [truth, found] = [new Uint32Array(width * height), new Uint32Array(width * height)];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const at = y * step * W + x * step;
      for (let c = 0; c < 3; c++) rgba[4 * i + c] = data[3 * at + c]!;
      rgba[4 * i + 3] = 255;
      truth[i] = sample.labels?.[at] ?? 0;
      found[i] = prediction.labels.data[at]!;
    }
  }
  drawContours(rgba, { data: truth, width, height }, { color: [255, 255, 255] });
  drawContours(rgba, { data: found, width, height }, { color: [255, 0, 200] });
  return { id, epoch, width, height, rgba, dsc: row.dsc };
}
