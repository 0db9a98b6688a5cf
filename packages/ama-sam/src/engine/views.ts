import type { RgbImage } from "@ama-sam/sam-encoder";
import { AmaSamError } from "../errors";

/** Test-time augmentation: the image as it is; also mirrored (4 views); also turned (all 8 symmetries of the square). */
export type Views = "none" | "flip" | "d4";

export const VIEWS: readonly Views[] = ["none", "flip", "d4"];

interface View {
  mirrorX: boolean;
  mirrorY: boolean;
  transpose: boolean;
}

/**
 * The views of a choice, the unchanged image first.
 * @throws AmaSamError for another choice
 */
export function viewsOf(views: Views): View[] {
  if (!VIEWS.includes(views))
    throw new AmaSamError("predictImage", `unknown views. Got ${views}. Expected one of ${VIEWS.join(", ")}.`);
  const bits = views === "none" ? 1 : views === "flip" ? 4 : 8;
  return Array.from({ length: bits }, (_, i) => ({
    mirrorX: (i & 1) > 0,
    mirrorY: (i & 2) > 0,
    transpose: (i & 4) > 0,
  }));
}

/** For each pixel of the view, row-major, the pixel of the image that lies there. */
function sources({ mirrorX, mirrorY, transpose }: View, width: number, height: number): Int32Array {
  const [across, down] = transpose ? [height, width] : [width, height];
  const out = new Int32Array(width * height);
  for (let y = 0, i = 0; y < down; y++) {
    for (let x = 0; x < across; x++, i++) {
      const [u, v] = transpose ? [y, x] : [x, y];
      out[i] = (mirrorY ? height - 1 - v : v) * width + (mirrorX ? width - 1 - u : u);
    }
  }
  return out;
}

/**
 * Mean of the maps that `predict` gives for the views of an image, each turned back: [height * width], row-major.
 * Views are taken in a fixed order, so that the sum has the same bits each time.
 */
export async function meanOverViews(
  image: RgbImage,
  views: Views,
  predict: (view: RgbImage) => Promise<Float32Array>,
): Promise<Float32Array> {
  if (views === "none") return predict(image);
  const { width, height } = image;
  const all = viewsOf(views);
  const sum = new Float32Array(width * height);
  for (const view of all) {
    const from = sources(view, width, height);
    const data = new Uint8Array(from.length * 3);
    for (let i = 0; i < from.length; i++) for (let c = 0; c < 3; c++) data[i * 3 + c] = image.data[from[i]! * 3 + c]!;
    const map = await predict(view.transpose ? { width: height, height: width, data } : { width, height, data });
    for (let i = 0; i < from.length; i++) sum[from[i]!]! += map[i]!;
  }
  return sum.map((v) => v / all.length);
}
